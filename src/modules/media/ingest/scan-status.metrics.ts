import { Gauge } from "prom-client";
import { MINUTE_MS } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import type { Metrics } from "../../../platform/metrics/metrics.js";
import { countToRescan } from "../scanning/scan.repository.js";
import { countWithheld } from "./scan-status.repository.js";

/** Adds the numbers of stored files that are withheld because of their scan status, and that wait for another scan. */
export function collectScanStatuses(metrics: Metrics, db: Pick<Database, "execute">): void {
  const withheld = new Gauge({
    name: "filedesk_withheld_files",
    help: "Stored files of the whole installation that may not be downloaded, by their scan status.",
    labelNames: ["scan_status"],
    registers: [metrics.registry],
  });
  const toRescan = new Gauge({
    name: "filedesk_files_to_rescan",
    help: "Stored files of the whole installation that have been scanned and wait for another scan.",
    registers: [metrics.registry],
  });
  metrics.collect({
    name: "scan-statuses",
    gauges: [withheld, toRescan],
    keepMs: MINUTE_MS,
    async read() {
      for (const { status, count } of await countWithheld(db)) withheld.set({ scan_status: status }, count);
      toRescan.set(await countToRescan(db));
    },
  });
}
