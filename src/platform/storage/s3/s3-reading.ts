import type { Readable } from "node:stream";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { SECOND_MS } from "../../../kernel/clock.js";
import { assertKey, assertKeyPrefix } from "../key.js";
import type { ByteRange, Storage, StoredObject } from "../storage.js";
import { ObjectNotFound, WrongSize } from "../storage.js";
import { ResumingBody } from "./s3-body.js";
import { isNamed, isNoSuchKey, storageFault } from "./s3-faults.js";
import { HASH } from "./s3-hash.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";
import { withRetries } from "./with-retries.js";

const LIST_LIMIT = 1000;
/** What begins with a dot is no object: the mark and the trash. */
const RESERVED = ".";
/** In the order of the bytes, it follows everything that begins with a dot. */
const AFTER_RESERVED = "/";

interface Wanted {
  readonly key: string;
  readonly start: number;
  /** Undefined: to the end of the object. */
  readonly end: number | undefined;
  /** Only if it is still the same object. */
  readonly etag?: string | undefined;
}

/** The reading part of an S3 storage. */
export function createS3Reading(store: S3Store): Pick<Storage, "get" | "stat" | "list" | "walk"> {
  const stat: Storage["stat"] = async (key) => {
    assertKey(key);
    const found = await headObject(store, key);
    return found && { key, size: found.ContentLength ?? 0, modifiedAt: secondAfter(found.LastModified) };
  };

  /** The error for a range that does not begin in the object. */
  const unreadable = async (key: string, range: ByteRange | undefined, size: number | undefined) => {
    const found = await stat(key);
    if (found === null) return new ObjectNotFound(key);
    if (size !== undefined && size !== found.size) return new WrongSize(key, size, found.size);
    return outOfRange(key, range ?? { start: 0, end: 0 }, found.size);
  };

  const get: Storage["get"] = async (key, range, size) => {
    assertKey(key);
    if (range && !(range.start >= 0 && range.start <= range.end)) throw await unreadable(key, range, size);
    const wanted = { key, start: range?.start ?? 0, end: endOf(range) };
    try {
      const found = await openObject(store, wanted);
      const actual = sizeOf(found);
      const body = resuming(store, wanted, found);
      if (size === undefined || size === actual) {
        if (!range || range.start < actual) return body;
        body.destroy();
        throw outOfRange(key, range, actual);
      }
      body.destroy();
      throw new WrongSize(key, size, actual);
    } catch (error) {
      if (isNoSuchKey(error)) throw new ObjectNotFound(key);
      throw isNamed(error, "InvalidRange") ? await unreadable(key, range, size) : error;
    }
  };

  return {
    get,
    stat,
    async list(prefix, after = "") {
      assertKeyPrefix(prefix);
      const objects: StoredObject[] = [];
      // A store may answer with fewer than it was asked for.
      for await (const page of pagesAfter(store, prefix, after)) {
        objects.push(...page);
        if (objects.length >= LIST_LIMIT) break;
      }
      return objects.slice(0, LIST_LIMIT);
    },
    async *walk() {
      for await (const page of pagesAfter(store, "", "")) yield* page;
    },
  };
}

const openObject = (store: S3Store, { key, start, end, etag }: Wanted): Promise<GetObjectCommandOutput> =>
  withRetries(
    store,
    `read ${key}`,
    ({ signal }) =>
      store.client.send(
        new GetObjectCommand({
          ...objectOf(store, key),
          ...((start > 0 || end !== undefined) && { Range: `bytes=${start}-${end ?? ""}` }),
          ...(etag !== undefined && { IfMatch: etag }),
        }),
        { abortSignal: signal },
      ),
    { expected: (error) => isNoSuchKey(error) || isNamed(error, "InvalidRange") },
  );

function resuming(store: S3Store, wanted: Wanted, found: GetObjectCommandOutput): Readable {
  const isWhole = found.ContentRange === undefined;
  return new ResumingBody({
    source: found.Body as Readable,
    length: found.ContentLength ?? 0,
    md5: (isWhole && found.Metadata?.[HASH]) || null,
    stallMs: store.timeouts.stallMs,
    attempts: store.attempts,
    reopen: async (offset) => {
      const rest = { ...wanted, start: wanted.start + offset, etag: found.ETag };
      const { Body } = await openObject(store, rest).catch((error: unknown) => {
        throw isNoSuchKey(error) ? new ObjectNotFound(wanted.key) : error;
      });
      return Body as Readable;
    },
    fault: (error) => storageFault(store, `read ${wanted.key}`, error),
  });
}

/** What a store says of an object; null if there is none. */
export async function headObject(store: S3Store, key: string) {
  try {
    return await withRetries(
      store,
      `look at ${key}`,
      ({ signal }) => store.client.send(new HeadObjectCommand(objectOf(store, key)), { abortSignal: signal }),
      { expected: isNoSuchKey },
    );
  } catch (error) {
    if (isNoSuchKey(error)) return null;
    throw error;
  }
}

/** The objects under a prefix, page by page, without those of the storage itself. */
async function* pagesAfter(
  store: S3Store,
  prefix: string,
  after: string,
): AsyncGenerator<readonly StoredObject[]> {
  for (let last = after; ; ) {
    const page = await listPage(store, prefix, last);
    yield page.objects.filter(({ key }) => !key.startsWith(RESERVED));
    last = page.objects.at(-1)?.key ?? last;
    if (!page.isTruncated) return;
    if (last.startsWith(RESERVED)) last = AFTER_RESERVED;
  }
}

async function listPage(store: S3Store, prefix: string, after: string) {
  const { Contents = [], IsTruncated = false } = await withRetries(store, `list ${prefix}`, ({ signal }) =>
    store.client.send(
      new ListObjectsV2Command({
        Bucket: store.bucket,
        Prefix: store.prefix + prefix,
        ...(after !== "" && { StartAfter: store.prefix + after }),
        MaxKeys: LIST_LIMIT,
      }),
      { abortSignal: signal },
    ),
  );
  const objects = Contents.map(({ Key = "", Size = 0, LastModified }) => ({
    key: Key.slice(store.prefix.length),
    size: Size,
    modifiedAt: secondAfter(LastModified),
  }));
  return { objects, isTruncated: IsTruncated };
}

/** Some answers name the time of an object only by the second: the next one is not too early. */
const secondAfter = (time: Date | undefined): Date =>
  new Date((Math.floor((time?.getTime() ?? 0) / SECOND_MS) + 1) * SECOND_MS);

/** Not all stores accept ends far behind that of the object. */
const endOf = (range: ByteRange | undefined): number | undefined =>
  range && range.end < Number.MAX_SAFE_INTEGER ? range.end : undefined;

const sizeOf = ({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput): number =>
  ContentRange === undefined ? ContentLength : Number(ContentRange.split("/")[1]);

const outOfRange = (key: string, { start, end }: ByteRange, size: number) =>
  new RangeError(`bytes ${start}-${end} are not among the ${size} of ${key}`);
