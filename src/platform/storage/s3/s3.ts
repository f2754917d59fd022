import { SECOND_MS } from "../../../kernel/clock.js";
import { assertKey } from "../key.js";
import { probe } from "../probe.js";
import type { Storage } from "../storage.js";
import { copyObject } from "./s3-copy.js";
import { createS3Mark } from "./s3-mark.js";
import { createS3Multipart } from "./s3-multipart.js";
import { createS3Presigning } from "./s3-presign.js";
import { createS3Reading } from "./s3-reading.js";
import type { S3Store } from "./s3-store.js";
import { createS3Trash } from "./s3-trash.js";
import { createS3Unfinished } from "./s3-unfinished.js";
import { createS3Writing } from "./s3-writing.js";

/** A check answers soon: whoever asks wants to know what is wrong now. */
const CHECK_MS = 2 * SECOND_MS;

/**
 * A storage in a bucket of Amazon S3, or of another store with its interface. The key of an object is its key in the
 * bucket, below a prefix. What begins with a dot is the storage's own: the mark and the trash.
 *
 * Requests are repeated after transient failures; a body that is read is resumed. An object is visible when the store
 * has acknowledged all of it.
 */
export function createS3Storage(store: S3Store): Storage {
  const reading = createS3Reading(store);
  const writing = createS3Writing(store);
  const impatient = {
    ...store,
    attempts: 1,
    timeouts: { ...store.timeouts, stallMs: Math.min(CHECK_MS, store.timeouts.stallMs) },
  };
  const checked = { ...createS3Reading(impatient), ...createS3Writing(impatient) };
  return {
    ...reading,
    ...writing,
    ...createS3Mark(store, impatient),
    ...createS3Presigning(store),
    ...createS3Unfinished(store),
    multipart: createS3Multipart(store),
    trash: createS3Trash(store, { ...reading, ...writing }),
    async copy(from, to) {
      assertKey(from);
      assertKey(to);
      await copyObject({ store, key: from }, { store, key: to });
    },
    check: () => probe(checked),
  };
}
