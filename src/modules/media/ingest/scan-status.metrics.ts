import { Gauge } from "prom-client";
import { MINUTE_MS } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import type { Metrics } from "../../../platform/metrics/metrics.js";
import { countWithheld } from "./scan-status.repository.js";

/** Adds the number of stored files that are withheld because of their scan status. */
export function collectScanStatuses(metrics: Metrics, db: Pick<Database, "execute">): void {
  const withheld = new Gauge({
    name: "filedesk_withheld_files",
    help: "Stored files of the whole installation that may not be downloaded, by their scan status.",
    labelNames: ["scan_status"],
    registers: [metrics.registry],
  });
  metrics.collect({
    name: "scan-statuses",
    gauges: [withheld],
    keepMs: MINUTE_MS,
    async read() {
      for (const { status, count } of await countWithheld(db)) withheld.set({ scan_status: status }, count);
    },
  });
}
