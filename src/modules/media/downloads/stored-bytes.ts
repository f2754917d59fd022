import type { Readable } from "node:stream";
import type { HandOver, HandOverHeaders } from "../../../platform/http/files/hand-over.js";
import type { ByteRange, Storage } from "../../../platform/storage/storage.js";
import { ObjectNotFound, WrongSize } from "../../../platform/storage/storage.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { VariantView } from "../variants/variant.repository.js";

/** Stored bytes of a file or of one of its variants. */
export interface StoredBytes {
  readonly file: Pick<MediaFileView, "companyId" | "blobId" | "storageKey" | "size">;
  readonly variant?: VariantView | undefined;
}

/**
 * Handles bytes that turn out to be missing or truncated while they are read.
 *
 * @returns the error to answer: `error` itself if it is not about the bytes
 */
export type ReportDamage = (bytes: StoredBytes, error: unknown) => Promise<unknown>;

export interface StoredBytesDeps {
  readonly storage: Storage;
  /** Whether clients read private files from the storage themselves, if it lets them. */
  readonly redirects: boolean;
  readonly reportDamage: ReportDamage;
}

/** A client follows at once; a window lets caches know the URL again. */
const REDIRECTION = { expiresInSeconds: 60, windowSeconds: 60 };

/**
 * A store does not send our Content-Security-Policy, nor `nosniff`: what it gives is for saving, or of a kind in which
 * browsers run nothing.
 */
const mayBeRedirected = ({ contentType, contentDisposition }: HandOverHeaders): boolean =>
  contentDisposition.startsWith("attachment") || /^(?:image\/(?!svg)|video\/|audio\/)/.test(contentType);

/** Reads stored bytes for a client, as `sendFile` takes them; damage is reported as it is found. */
export function readable({ storage, reportDamage, redirects }: StoredBytesDeps, bytes: StoredBytes) {
  const { storageKey, size } = bytes.variant ?? bytes.file;
  const reported = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      throw await reportDamage(bytes, error);
    }
  };
  const look = async (): Promise<void> => {
    const found = await storage.stat(storageKey);
    if (found === null) throw new ObjectNotFound(storageKey);
    if (found.size !== size) throw new WrongSize(storageKey, size, found.size);
  };
  return {
    open: (range?: ByteRange): Promise<Readable> => reported(storage.get(storageKey, range, size)),
    check: (): Promise<void> => reported(look()),
    onDamage: (): Promise<void> => reported(look()),
    /** @param isPrivate a public file stays here, where shared caches find it */
    async handOver(headers: HandOverHeaders, isPrivate: boolean): Promise<HandOver | null> {
      const path = await storage.internalPath(storageKey, size);
      if (path !== null) return { kind: "internal", path };
      if (!redirects || !isPrivate || !mayBeRedirected(headers)) return null;
      // The store would answer with words of its own.
      await reported(look());
      const url = await storage.presignGet(storageKey, { ...headers, ...REDIRECTION });
      return url === null ? null : { kind: "redirect", url };
    },
  };
}
