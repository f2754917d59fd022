import { PassThrough } from "node:stream";
import type { IncomingFile, IncomingFiles } from "../../src/platform/http/multipart/incoming-files.js";
import { fileAtHand } from "../../src/platform/http/multipart/incoming-files.js";

/** A file of a request whose last bytes come when the test says so. */
export interface HeldFile {
  readonly incoming: IncomingFiles;
  /** Fulfilled when its bytes are being read: whatever is asked before has been. */
  readonly begun: Promise<void>;
  finish(): void;
}

const LAST_BYTES = 20;

export function heldFile(bytes: Buffer, fileName: string): HeldFile {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const stream = new PassThrough();
  stream.write(bytes.subarray(0, -LAST_BYTES));
  const file: IncomingFile = {
    fileName,
    open: () => {
      begin();
      return stream;
    },
  };
  const incoming = { files: [fileAtHand(file)], requestBytes: null };
  return { incoming, begun, finish: () => stream.end(bytes.subarray(-LAST_BYTES)) };
}

/** A file that is there at once. */
export function wholeFile(bytes: Buffer, fileName: string): IncomingFiles {
  const held = heldFile(bytes, fileName);
  held.finish();
  return held.incoming;
}
