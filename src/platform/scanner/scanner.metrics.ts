import type { Registry } from "prom-client";
import { Counter, Histogram } from "prom-client";
import type { Scanner, ScanResult } from "./scanner.js";

const RESULTS: readonly ScanResult["status"][] = ["clean", "infected", "not-scanned"];
const FAILED = "failed";

/** The same scanner, whose results are counted. */
export function measureScanner(scanner: Scanner, registry: Registry): Scanner {
  const scans = new Counter({
    name: "filedesk_scans_total",
    help: "Scans by result; `not-scanned` without a scanner, `failed` if it gave no verdict.",
    labelNames: ["result"],
    registers: [registry],
  });
  for (const result of [...RESULTS, FAILED]) scans.inc({ result }, 0);
  const seconds = new Histogram({
    name: "filedesk_scan_duration_seconds",
    help: "Duration of scans by the scanner, with the wait for a turn.",
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300],
    registers: [registry],
  });
  return {
    ...scanner,
    async scan(source, signal) {
      const end = scanner.isOn ? seconds.startTimer() : () => {};
      let result: string = FAILED;
      try {
        const found = await scanner.scan(source, signal);
        result = found.status;
        return found;
      } finally {
        scans.inc({ result });
        end();
      }
    },
  };
}
