import type { Readable } from "node:stream";
import type { RunOptions } from "../../kernel/run-options.js";
import type { MultipartUploads } from "./multipart-uploads.js";

/** An inclusive range of bytes, as in HTTP (RFC 9110 §14.1.2). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** When the object was stored under its key, or later. */
  readonly modifiedAt: Date;
}

/**
 * Stores bytes under keys. Only the server creates keys: `[a-zA-Z0-9._-]` segments joined by `/`, none of which begins
 * with a dot (`key.ts`).
 *
 * Every implementation passes `test/contracts/storage.contract.ts`.
 */
export interface Storage {
  /**
   * Stores a stream under a key. Atomic: the key has all of the bytes or does not exist, and when the promise resolves
   * they are durable. If the stream fails, nothing is stored; if it cannot be stored, the stream is destroyed.
   */
  put(key: string, body: Readable): Promise<void>;
  /** As `put`, but moves a local file into the storage. If it fails, the file still belongs to the caller. */
  putFile(key: string, path: string): Promise<void>;
  /**
   * The bytes, or a range of them, whose end may exceed the object. The caller reads the stream to its end or destroys
   * it.
   *
   * @param size the expected size of the whole object, if known
   * @throws ObjectNotFound, WrongSize, RangeError if the range starts after the end of the object
   */
  get(key: string, range?: ByteRange, size?: number): Promise<Readable>;
  /** Null if nothing is stored under the key. */
  stat(key: string): Promise<StoredObject | null>;
  /** Atomic, like `put`. @throws ObjectNotFound */
  copy(from: string, to: string): Promise<void>;
  /** Idempotent: a missing key is not an error. */
  delete(keys: readonly string[]): Promise<void>;
  /** At most 1,000 objects under a prefix, ordered by key, after `after`; a page with fewer objects is the last. */
  list(prefix: string, after?: string): Promise<readonly StoredObject[]>;
  /**
   * Every object, in any order. Objects that are added or removed meanwhile may or may not be included. Memory does not
   * grow with the number of objects. While objects are being moved (`moving-storage.ts`), one that is in both storages
   * comes twice, each time as it is in one of them.
   */
  walk(): AsyncIterable<StoredObject>;
  /** Holds removed objects for a while. */
  readonly trash: StorageTrash;
  /**
   * A URL by which a client reads an object from the store itself, with these headers of the response; null if clients
   * cannot reach the storage. The same URL is signed for a whole window, so that it can be cached.
   */
  presignGet(key: string, options: PresignedGetOptions): Promise<string | null>;
  /**
   * The path under which a proxy in front of the server reads an object itself; null if there is none, or if the object
   * is missing or has another size.
   */
  internalPath(key: string, size: number): Promise<string | null>;
  /**
   * Takes objects from clients, in parts; null if clients cannot reach the storage. There is no presigned PUT of an
   * object: some stores take headers with it that are not signed, by which a client does more than send its bytes.
   */
  readonly multipart: MultipartUploads | null;
  /**
   * Removes what the storage has received of objects that were never completed, if that began before a moment.
   *
   * @returns how many there were
   */
  removeUnfinished(startedBefore: Date, options?: UnfinishedOptions): Promise<number>;
  /**
   * The text of the mark that identifies the storage's installation; null if there is none, as in an empty mount point.
   */
  readMark(options?: MarkReading): Promise<string | null>;
  /** Writes the mark, atomically and durably. It is not an object: `walk` and `list` do not include it. */
  writeMark(text: string): Promise<void>;
  /** Checks that the storage can be written and read. @throws Error with the reason */
  check(): Promise<void>;
}

export interface UnfinishedOptions extends RunOptions {
  /** Those of these keys whose objects may still be completed, however long ago they were begun; none without it. */
  readonly kept?: (keys: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** For storages where reading the mark takes a request. */
export interface MarkReading {
  /** How old the text may be; it is read anew by default. */
  readonly maxAgeMs?: number;
  /** Whether to fail soon instead of trying again. */
  readonly impatient?: boolean;
}

export interface PresignedGetOptions {
  /** How long the URL is valid, at least; at most a window longer. */
  readonly expiresInSeconds: number;
  readonly windowSeconds?: number;
  readonly contentType: string;
  readonly contentDisposition: string;
  readonly cacheControl: string;
}

/** An object has another size than the caller expects. */
export class WrongSize extends Error {
  override readonly name = "WrongSize";
  constructor(
    readonly key: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`${key} has ${actual} bytes, and should have ${expected}`);
  }
}

/** Removed objects, which can be restored under their keys. */
export interface StorageTrash {
  /** Moves objects to the trash; a missing key is not an error. Their `modifiedAt` becomes the time of the move. */
  put(keys: readonly string[]): Promise<void>;
  /** Moves objects back, except for keys that have an object again. */
  restore(keys: readonly string[]): Promise<void>;
  walk(): AsyncIterable<StoredObject>;
  /** The bytes of a removed object, as `get` of the storage. @throws ObjectNotFound */
  get(key: string): Promise<Readable>;
  /** Removes objects from the trash permanently. */
  delete(keys: readonly string[]): Promise<void>;
}

export class ObjectNotFound extends Error {
  override readonly name = "ObjectNotFound";
  constructor(readonly key: string) {
    super(`nothing is stored under ${key}`);
  }
}

/** The storage cannot be reached, or has failed. The message is for the operator: what is wrong, and what to do. */
export class StorageFault extends Error {
  override readonly name = "StorageFault";
}
