import type { Readable } from "node:stream";

/** A source that can be read, once. */
export interface OpenedSource {
  /** What the source itself calls the file. For people: it is made harmless when the file is identified. */
  readonly fileName: string;
  readonly stream: Readable;
}
