import type { Readable } from "node:stream";

/** The result of a scan. `not-scanned`: there is no scanner. */
export type ScanResult =
  | { readonly status: "clean" }
  | { readonly status: "infected"; readonly signature: string }
  | { readonly status: "not-scanned" };

/** Looks for malware. A scanner that cannot answer throws; it never says `clean`. */
export interface Scanner {
  /** @param open gives the bytes; it is not called by a scanner that does not look at them. */
  scan(open: () => Readable): Promise<ScanResult>;
}
