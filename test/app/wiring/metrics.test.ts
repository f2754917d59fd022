import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import { buildSchema } from "graphql";
import { createDeskMetrics } from "../../../src/app/wiring/metrics.js";
import { scannerOff } from "../../../src/platform/scanner/off.js";
import {
  alertExpressions,
  dashboardExpressions,
  metricsIn,
  readDashboard,
} from "../../support/monitoring-files.js";

/** As in a server, which nobody has asked for anything yet. */
function serverMetrics() {
  const { metrics, observers } = createDeskMetrics({ METRICS_OPERATIONS: [] });
  observers.observeHttp?.({ addHook() {} } as unknown as FastifyInstance);
  observers.graphqlPlugin?.(buildSchema("type Query { a: Int }"));
  observers.observeScanner?.(scannerOff);
  observers.watch?.({ database: {}, feed: {} } as never);
  return metrics.registry.getMetricsAsArray() as unknown as { name: string; type: string }[];
}

const registered = serverMetrics();
/** What can be asked for. */
const names = new Set([
  "up",
  ...registered.flatMap(({ name, type }) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((ending) => name + ending) : [name],
  ),
]);

describe("The files for operators", () => {
  it("name every metric of ours in docs/monitoring.md, with its type, and no other", async () => {
    const page = await readFile("docs/monitoring.md", "utf8");
    const table = [...page.matchAll(/^\| `(filedesk_\w+)` \| (\w+)/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    const ours = registered.filter(({ name }) => name.startsWith("filedesk_"));
    expect(ours.length).toBeGreaterThan(20);
    expect(table.sort()).toEqual(ours.map(({ name, type }) => `${name} ${type}`).sort());
  });

  it("use only metrics that exist", async () => {
    const expressions = [...(await dashboardExpressions()), ...(await alertExpressions())];
    expect(expressions.length).toBeGreaterThan(40);
    const unknown = expressions.flatMap(({ where, text }) =>
      metricsIn(text)
        .filter((name) => !names.has(name))
        .map((name) => `${where}: ${name}`),
    );
    expect(unknown).toEqual([]);
    expect(expressions.filter(({ text }) => metricsIn(text).length === 0)).toEqual([]);
  });

  it("explain every alert in docs/monitoring.md, and no other", async () => {
    const page = await readFile("docs/monitoring.md", "utf8");
    const explained = [...page.matchAll(/^\| `(Filedesk\w+)` \|/gm)].map(([, name]) => name);
    expect(explained).toEqual((await alertExpressions()).map(({ where }) => where));
    const rules = await readFile("ops/prometheus/filedesk.rules.yml", "utf8");
    expect(rules.match(/- alert:/g)).toHaveLength(explained.length);
  });

  it("show every metric of ours in the dashboard, by variables that it defines", async () => {
    const dashboard = await readDashboard();
    const shown = new Set((await dashboardExpressions()).flatMap(({ text }) => metricsIn(text)));
    const missing = registered
      .map(({ name }) => name)
      .filter((name) => name.startsWith("filedesk_"))
      .filter((name) => ![name, `${name}_bucket`, `${name}_count`].some((each) => shown.has(each)));
    expect(missing).toEqual([
      "filedesk_metrics_collection_failures_total",
      "filedesk_http_request_duration_seconds",
      "filedesk_database_connections_max",
      "filedesk_buffered_events",
    ]);
    const defined = new Set([...dashboard.templating.list.map(({ name }) => name), "__rate_interval"]);
    const used = JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g);
    expect([...used].map(([, name = ""]) => name).filter((name) => !defined.has(name))).toEqual([]);
    const asked = dashboard.templating.list.flatMap(
      ({ definition }) => /\((\w+)/.exec(definition ?? "")?.[1] ?? [],
    );
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });
});
