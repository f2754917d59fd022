import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Received } from "../../src/modules/media/ingest/receive/receive.js";
import { receive } from "../../src/modules/media/ingest/receive/receive.js";
import type { TempFile } from "../../src/platform/storage/temp-file.js";
import { createTempFile } from "../../src/platform/storage/temp-file.js";

/** A temp file in a folder of its own, which goes with it. */
export function newTempFile(): TempFile {
  const folder = mkdtempSync(join(tmpdir(), "filedesk-test-"));
  const temp = createTempFile(folder);
  return {
    ...temp,
    async [Symbol.asyncDispose]() {
      await temp[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** Lets bytes come in as a client's file. */
export const receiveBytes = (temp: TempFile, content: Buffer | string, fileName: string): Promise<Received> =>
  receive({
    temp,
    maxBytes: Number.MAX_SAFE_INTEGER,
    file: { fileName, open: () => Readable.from(inChunks(Buffer.from(content)), { objectMode: false }) },
  });

function* inChunks(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
}
