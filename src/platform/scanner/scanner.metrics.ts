import type { Registry } from "prom-client";
import { Counter } from "prom-client";
import type { Scanner, ScanResult } from "./scanner.js";

const RESULTS: readonly ScanResult["status"][] = ["clean", "infected", "not-scanned"];
const FAILED = "failed";

/** The same scanner, whose results are counted. */
export function measureScanner(scanner: Scanner, registry: Registry): Scanner {
  const scans = new Counter({
    name: "filedesk_scans_total",
    help: "Scans of uploads by result; `not-scanned` without a scanner, `failed` if it gave no answer.",
    labelNames: ["result"],
    registers: [registry],
  });
  for (const result of [...RESULTS, FAILED]) scans.inc({ result }, 0);
  return {
    async scan(open) {
      let result: string = FAILED;
      try {
        const found = await scanner.scan(open);
        result = found.status;
        return found;
      } finally {
        scans.inc({ result });
      }
    },
  };
}
