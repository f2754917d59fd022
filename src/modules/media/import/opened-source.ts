import type { Readable } from "node:stream";

/** An opened source. It can be read once. */
export interface OpenedSource {
  /** The file name that the source gives. The ingest makes it harmless. */
  readonly fileName: string;
  readonly stream: Readable;
}
