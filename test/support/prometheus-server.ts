import { spawnSync } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./feed-world.js";
import { RULES } from "./monitoring-files.js";
import { present } from "./present.js";
import { endService, freePort, giveAway, spawnService } from "./spawned-service.js";

/** `describe` and `it` of tests that need it are skipped where it is missing. */
export const hasPrometheus = (): boolean =>
  present(
    "prometheus",
    ["prometheus", "promtool"].every((name) => spawnSync(name, ["--version"]).status === 0),
  );

/** What promtool says of these files or this input: its exit code and its words. */
export function promtool(args: readonly string[], input = ""): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { code: status, output: stdout + stderr };
}

/** A real Prometheus that scrapes one process every second, with our alerts. */
export interface PrometheusServer {
  /** The answer of its HTTP API, https://prometheus.io/docs/prometheus/latest/querying/api/ */
  ask<Answer>(path: string, parameters?: Readonly<Record<string, string>>): Promise<Answer>;
  close(): Promise<void>;
}

export async function startPrometheus(metricsUrl: string): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-test-"));
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(folder, "rules.yml")],
    scrape_configs: [{ job_name: "filedesk", static_configs: [{ targets: [new URL(metricsUrl).host] }] }],
  };
  // JSON is YAML as well.
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config));
  await copyFile(RULES, join(folder, "rules.yml"));
  const port = await freePort();
  await giveAway(folder, join(folder, "prometheus.yml"), join(folder, "rules.yml"));
  const child = await spawnService("prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=error",
  ]);
  const ask = async <Answer>(path: string, parameters: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(parameters)}`);
    return (await response.json()) as Answer;
  };
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isReady, 60_000);
  return {
    ask,
    async close() {
      await endService(child);
      await rm(folder, { recursive: true });
    },
  };
}
