import { stat, unlink } from "node:fs/promises";
import type { Readable } from "node:stream";
import { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { MIB } from "../../../kernel/bytes.js";
import { assertKey } from "../key.js";
import type { Storage } from "../storage.js";
import { HASH, hashFile, md5Of, sectionOf } from "./s3-hash.js";
import type { S3Store } from "./s3-store.js";
import type { Section } from "./s3-upload.js";
import { putSection, uploadInParts } from "./s3-upload.js";
import { withRetries } from "./with-retries.js";

/** Of a stream; one part is being sent and one collected. With 10,000 parts, an object has up to 78 GiB. */
const STREAM_PART_BYTES = 8 * MIB;
/** Of a file, whose parts are read as they are sent. */
const FILE_PART_BYTES = 16 * MIB;
const DELETES_AT_ONCE = 1000;

/** The writing part of an S3 storage. */
export function createS3Writing(store: S3Store): Pick<Storage, "put" | "putFile" | "delete"> {
  return {
    async put(key, body) {
      body.on("error", () => {}); // the loop below handles it, but may not have started yet
      try {
        assertKey(key);
        await putStream(store, key, body);
      } finally {
        body.destroy();
      }
    },

    async putFile(key, path) {
      assertKey(key);
      await putLocalFile(store, key, path);
      await unlink(path);
    },

    async delete(keys) {
      keys.forEach(assertKey);
      for (let from = 0; from < keys.length; from += DELETES_AT_ONCE)
        await deleteSome(store, keys.slice(from, from + DELETES_AT_ONCE));
    },
  };
}

async function putStream(store: S3Store, key: string, body: Readable): Promise<void> {
  const parts = inParts(body);
  const first = await parts.next();
  if (first.done) return;
  if (first.value.isLast) return putSection(store, key, sectionOfBytes(first.value.bytes));
  await uploadInParts(store, key, {}, async ({ addSection }) => {
    let sending = Promise.resolve();
    const start = (bytes: Buffer) => {
      sending = addSection(sectionOfBytes(bytes));
      sending.catch(() => {}); // reported by the next turn
    };
    start(first.value.bytes);
    try {
      for await (const { bytes } of parts) {
        await sending;
        start(bytes);
      }
    } finally {
      await sending;
    }
  });
}

interface Part {
  readonly bytes: Buffer;
  readonly isLast: boolean;
}

/** A stream in parts of the same size; the last is smaller, or empty if the stream is. */
async function* inParts(body: Readable): AsyncGenerator<Part> {
  let chunks: Buffer[] = [];
  let size = 0;
  for await (const given of body) {
    const chunk: Buffer = typeof given === "string" ? Buffer.from(given) : given;
    chunks.push(chunk);
    size += chunk.length;
    if (size <= STREAM_PART_BYTES) continue;
    const collected = Buffer.concat(chunks, size);
    let at = 0;
    for (; size - at > STREAM_PART_BYTES; at += STREAM_PART_BYTES)
      yield { bytes: collected.subarray(at, at + STREAM_PART_BYTES), isLast: false };
    chunks = [Buffer.from(collected.subarray(at))];
    size -= at;
  }
  const [only, ...others] = chunks;
  // Without a copy of what the caller has in one buffer.
  const rest = only !== undefined && others.length === 0 ? only : Buffer.concat(chunks, size);
  yield { bytes: rest, isLast: true };
}

function sectionOfBytes(bytes: Buffer): Section {
  async function* open() {
    if (bytes.length > 0) yield bytes;
  }
  return { length: bytes.length, md5: md5Of(bytes), open };
}

async function putLocalFile(store: S3Store, key: string, path: string): Promise<void> {
  const { size } = await stat(path);
  const { sections, whole } = await hashFile(path, size, FILE_PART_BYTES);
  const parts = sections.map((md5, index): Section => {
    const start = index * FILE_PART_BYTES;
    const end = Math.min(start + FILE_PART_BYTES, size);
    return { length: end - start, md5, open: () => sectionOf(path, start, end) };
  });
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return putSection(store, key, only);
  await uploadInParts(store, key, { [HASH]: whole.toString("hex") }, async ({ addSection }) => {
    for (const part of parts) await addSection(part);
  });
}

async function deleteSome(store: S3Store, keys: readonly string[]): Promise<void> {
  const Objects = [...new Set(keys)].map((key) => ({ Key: store.prefix + key }));
  await withRetries(store, `delete ${keys.length} objects`, async ({ signal }) => {
    const { Errors = [] } = await store.client.send(
      new DeleteObjectsCommand({ Bucket: store.bucket, Delete: { Objects, Quiet: true } }),
      { abortSignal: signal },
    );
    const failed = Errors.find(({ Code }) => Code !== "NoSuchKey");
    if (failed) throw Object.assign(new Error(`${failed.Key}: ${failed.Message}`), { name: failed.Code });
  });
}
