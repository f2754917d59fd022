import type { RunOptions } from "../../kernel/run-options.js";

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
  /** A local file with all of the bytes, which `putFile` may move; the caller disposes of it. Null if there is none. */
  toFile(name: string, size: number): Promise<StagedBytes | null>;
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

export interface StagedBytes extends AsyncDisposable {
  readonly path: string;
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
  async toFile(name, size) {
    const found = await area.toFile(name, size);
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
