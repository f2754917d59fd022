/**
 * Objects that clients write in parts themselves, in any order and several at once. An object exists when its upload has
 * been completed; what is never completed is removed by `removeUnfinished`.
 */
export interface MultipartUploads {
  /** Whether only uploads that have begun are taken, because the objects are being moved to another storage. */
  readonly isEnding: boolean;
  /** Begins an upload. @returns the store's id of it */
  begin(key: string): Promise<string>;
  /** Makes the URLs by which a client sends the parts. */
  presignParts(upload: MultipartRef, options: PresignedPartsOptions): PartPresigner;
  /** The parts that have arrived, ordered by number; null if there is no such upload (any more). */
  listParts(upload: MultipartRef): Promise<readonly StoredPart[] | null>;
  /**
   * Makes the object of these parts, in their order, and ends the upload: URLs of its parts change nothing from then on.
   * Atomic, like `put`. Idempotent while the object exists.
   *
   * @throws PartsChanged if a part has been replaced, or if the upload was removed
   */
  complete(upload: MultipartRef, parts: readonly StoredPart[]): Promise<void>;
  /** Ends an upload and removes its parts. Idempotent; a completed upload is left alone. */
  abort(upload: MultipartRef): Promise<void>;
}

/** An upload that has begun. */
export interface MultipartRef {
  readonly key: string;
  readonly uploadId: string;
}

export interface PresignedPartsOptions {
  readonly expiresInSeconds: number;
}

/** The URL of one part, of exactly so many bytes. Sent again, the part is replaced. */
export type PartPresigner = (part: NewPart) => Promise<string>;

export interface NewPart {
  /** From 1 to 10,000. */
  readonly number: number;
  /** In bytes: at least 5 MiB, except for the last part. */
  readonly size: number;
}

export interface StoredPart {
  readonly number: number;
  /** In bytes. */
  readonly size: number;
  /** Names what has arrived: another one after a replacement by other bytes. */
  readonly tag: string;
}

/** The parts of an upload are not, or no longer, those that were listed. */
export class PartsChanged extends Error {
  override readonly name = "PartsChanged";
  constructor(readonly key: string) {
    super(`the parts of ${key} have been changed or removed`);
  }
}
