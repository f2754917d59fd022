import { Gauge } from "prom-client";
import type { Metrics } from "../metrics/metrics.js";
import type { PoolUse } from "./connection-pool.js";

/** Adds the use of the pool of database connections. */
export function collectPoolUse(metrics: Metrics, use: () => PoolUse): void {
  const registers = [metrics.registry];
  const connections = new Gauge({
    name: "filedesk_database_connections",
    help: "Connections of the pool of this process, in use or idle.",
    labelNames: ["state"],
    registers,
  });
  const limit = new Gauge({
    name: "filedesk_database_connections_max",
    help: "Most connections of the pool (DATABASE_CONNECTIONS).",
    registers,
  });
  const waiting = new Gauge({
    name: "filedesk_database_waiting",
    help: "Statements and transactions that wait for a connection of the pool.",
    registers,
  });
  metrics.collect({
    name: "database",
    gauges: [connections],
    read() {
      const { inUse, idle, waiting: waits, max } = use();
      connections.set({ state: "in_use" }, inUse);
      connections.set({ state: "idle" }, idle);
      limit.set(max);
      waiting.set(waits);
    },
  });
}
