import type { Readable } from "node:stream";
import type { RunOptions } from "../../kernel/run-options.js";
import type { TempFile } from "./temp-file.js";

/**
 * Where the bytes of resumable uploads grow until they are complete, whatever server receives them. Names are created
 * by the server: single segments of a storage key (`key.ts`).
 */
export interface StagingArea {
  /** Whether a file has been begun. */
  has(name: string): Promise<boolean>;
  /**
   * Continues a file at an offset, at most its durable length. Bytes behind the offset are discarded. One writer at a
   * time: the caller holds the lease of the upload.
   */
  continueAt(name: string, offset: number): Promise<StagingWriter>;
  /** All of the bytes; the caller disposes of them. Null if there are not exactly so many. */
  open(name: string, size: number): Promise<StagedBytes | null>;
  /** Idempotent: a missing name is not an error. */
  remove(names: readonly string[]): Promise<void>;
  /** Removes files that have not been written since a moment and that are not `kept`. */
  sweep(options: StagingSweepOptions): Promise<StagingSweepReport>;
}

export interface StagingWriter {
  /** The caller must not change the chunk afterwards. Await it before the next call (back-pressure). */
  write(chunk: Buffer): Promise<void>;
  /** Resolves when everything written so far survives a power failure. @returns the durable length */
  sync(): Promise<number>;
  /** As `sync`, but up to 8 MiB may be held back that would soon have to be stored again. */
  checkpoint(): Promise<number>;
  /** Ends writing, without a sync. */
  close(): Promise<void>;
}

/** Complete bytes, on their way into a local file. */
export interface StagedBytes extends AsyncDisposable {
  /** What is read has to be written here; then it is a file, which `putFile` may move. */
  readonly temp: Pick<TempFile, "path" | "write" | "close">;
  /** Called once. The caller reads the stream to its end or destroys it. */
  read(): Readable;
}

export interface StagingSweepOptions extends RunOptions {
  readonly writtenBefore: Date;
  /** Those of these names that are still needed. */
  readonly kept: (names: readonly string[]) => Promise<ReadonlySet<string>>;
}

export interface StagingSweepReport {
  readonly removed: number;
  readonly removedBytes: number;
}

/** A staging area that is only changed while its storage is available. */
export const guardStaging = (area: StagingArea, assertOurs: () => Promise<void>): StagingArea => ({
  ...area,
  async has(name) {
    if (await area.has(name)) return true;
    // In an empty mount point it has not been lost.
    await assertOurs();
    return area.has(name);
  },
  async continueAt(name, offset) {
    await assertOurs();
    return area.continueAt(name, offset);
  },
  async open(name, size) {
    const found = await area.open(name, size);
    // In an empty mount point it is not lost.
    if (found === null) await assertOurs();
    return found;
  },
  async remove(names) {
    await assertOurs();
    await area.remove(names);
  },
  async sweep(options) {
    await assertOurs();
    return area.sweep(options);
  },
});
