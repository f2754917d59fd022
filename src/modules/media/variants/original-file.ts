import type { Readable } from "node:stream";
import { MIB } from "../../../kernel/bytes.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { TempFile } from "../../../platform/storage/temp-file.js";
import type { MediaFileView } from "../media-file.repository.js";

/** An original at hand: its bytes while they are few, else a local file of them, which goes when the source is disposed of. */
export interface Original extends AsyncDisposable {
  readonly input: Buffer | string;
}

export interface OriginalDeps {
  readonly storage: Storage;
  readonly tempFolder: { open(): Promise<TempFile> };
}

export interface OriginalOptions {
  /** For who needs a file whatever its size. */
  readonly asFile: boolean;
  readonly signal: AbortSignal;
}

/** What is kept in memory at most, so that it stays flat whatever the size of the files. */
const IN_MEMORY_BYTES = 4 * MIB;

/** Brings an original's bytes here from wherever they are stored. */
export async function openOriginal(
  { storage, tempFolder }: OriginalDeps,
  { storageKey, size }: Pick<MediaFileView, "storageKey" | "size">,
  { asFile, signal }: OriginalOptions,
): Promise<Original> {
  const stream = await storage.get(storageKey);
  if (!asFile && size <= IN_MEMORY_BYTES)
    return { input: await readWhole(stream, signal), async [Symbol.asyncDispose]() {} };
  const temp = await tempFolder.open();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      await temp.write(chunk);
    }
    await temp.close();
    return { input: temp.path, [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose]() };
  } catch (error) {
    await temp[Symbol.asyncDispose]();
    throw error;
  }
}

async function readWhole(stream: Readable, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
