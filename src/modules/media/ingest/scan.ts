import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { FiledeskError } from "../../../kernel/errors.js";
import type { Scanner } from "../../../platform/scanner/scanner.js";
import type { Inspected } from "./inspect/inspect.js";

declare const proof: unique symbol;

/** A file that may be stored: a scanner found nothing, or there is none. Only `scan` makes one. */
export interface Scanned extends Inspected {
  readonly [proof]: "scanned";
  readonly scanStatus: "CLEAN" | "NOT_SCANNED";
}

/**
 * Scans a file for malware.
 *
 * @throws FILE_INFECTED, and the scanner's own error if it cannot answer: no answer never counts as "clean"
 */
export async function scan(inspected: Inspected, scanner: Scanner): Promise<Scanned> {
  const opened: Readable[] = [];
  const open = () => {
    const stream = createReadStream(inspected.temp.path);
    // A scanner that has stopped no longer listens: later errors of the stream do not matter.
    stream.on("error", () => {});
    opened.push(stream);
    return stream;
  };
  try {
    const result = await scanner.scan(open);
    if (result.status === "infected")
      throw new FiledeskError(
        "FILE_INFECTED",
        `This file is infected (${result.signature}) and was not stored.`,
        {
          signature: result.signature,
        },
      );
    return { ...inspected, scanStatus: result.status === "clean" ? "CLEAN" : "NOT_SCANNED" } as Scanned;
  } finally {
    for (const stream of opened) stream.destroy();
  }
}
