import type { Readable } from "node:stream";

/** The result of a scan; `not-scanned` if there is no scanner. */
export type ScanResult =
  | { readonly status: "clean" }
  | { readonly status: "infected"; readonly signature: string }
  | { readonly status: "not-scanned" };

/** Scans for malware. A scanner that fails throws; it never returns `clean`. */
export interface Scanner {
  /** @param open returns the bytes; a scanner that does not read them does not call it */
  scan(open: () => Readable): Promise<ScanResult>;
}
