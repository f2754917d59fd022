import type { Readable } from "node:stream";

/** The result of a scan; `not-scanned` if there is no scanner. */
export type ScanResult =
  | { readonly status: "clean" }
  | { readonly status: "infected"; readonly signature: string }
  | { readonly status: "not-scanned" };

export interface ScanSource {
  /** In bytes. A scanner that was given fewer or more does not call them clean. */
  readonly size: number;
  /** Returns the bytes; a scanner that does not read them does not call it. The scanner destroys the stream. */
  open(): Readable | Promise<Readable>;
}

/** Scans for malware. A scanner that fails throws `ScanFault`; it never returns `clean` or `infected` then. */
export interface Scanner {
  /** Whether there is one. */
  readonly isOn: boolean;
  /** @throws ScanFault, and what the source throws */
  scan(source: ScanSource, signal?: AbortSignal): Promise<ScanResult>;
  /** @throws ScanFault if it does not answer */
  check(): Promise<void>;
}

/** The scanner has given no verdict: nothing is known of the bytes, and they are scanned again later. */
export class ScanFault extends Error {
  override readonly name: string = "ScanFault";
}

/** The scanner does not look at files like this one, because of its own limits. */
export class ScanRefused extends ScanFault {
  override readonly name = "ScanRefused";
}
