import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { Storage } from "../storage.js";
import { isNoSuchKey } from "./s3-faults.js";
import { md5Of } from "./s3-hash.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";
import { putSection } from "./s3-upload.js";
import { withRetries } from "./with-retries.js";

/** Begins with a dot, so that no key has this name. */
const MARK = ".filedesk-installation";

/** The mark of an S3 storage: an object beside the others. `impatientStore` is the same one, which fails soon. */
export function createS3Mark(
  store: S3Store,
  impatientStore: S3Store,
): Pick<Storage, "readMark" | "writeMark"> {
  let last: { readonly text: string; readonly readAt: number } | null = null;

  const read = async (from: S3Store): Promise<string | null> => {
    const readAt = performance.now();
    try {
      const found = await withRetries(
        from,
        "read the installation mark",
        async ({ signal }) => {
          const mark = new GetObjectCommand(objectOf(store, MARK));
          const { Body } = await store.client.send(mark, { abortSignal: signal });
          return text(Body as Readable);
        },
        { expected: isNoSuchKey },
      );
      last = { text: found, readAt };
      return found;
    } catch (error) {
      last = null;
      if (isNoSuchKey(error)) return null;
      throw error;
    }
  };
  return {
    async readMark({ maxAgeMs = 0, impatient = false } = {}) {
      if (last !== null && performance.now() - last.readAt < maxAgeMs) return last.text;
      return read(impatient ? impatientStore : store);
    },
    async writeMark(mark) {
      const bytes = Buffer.from(mark);
      async function* open() {
        yield bytes;
      }
      last = null;
      await putSection(store, MARK, { length: bytes.length, md5: md5Of(bytes), open });
      last = { text: mark, readAt: performance.now() };
    },
  };
}
