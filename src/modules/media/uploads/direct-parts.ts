import { HOUR_MS, SECOND_MS } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import type {
  MultipartRef,
  MultipartUploads,
  PartPresigner,
  StoredPart,
} from "../../../platform/storage/multipart-uploads.js";
import { PartsChanged } from "../../../platform/storage/multipart-uploads.js";
import { onlySegmentKey } from "../../../platform/storage/segments.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { abortParts, multipartOf } from "../staging/abort-parts.js";
import type { StagedUploadRow, StoredMultipart } from "../staging/staged-upload.tables.js";
import { noDirectUploads, partsMissing } from "./staged-upload.errors.js";
import type { UploadLease } from "./upload-lease.js";
import type { PartRange } from "./upload-parts.js";
import { partBytesOf, partsOf } from "./upload-parts.js";

const URL_MS = HOUR_MS;

/** A part of an upload, and whether the store has it. */
export interface UploadPartState extends PartRange {
  readonly isReceived: boolean;
  /** Signs the URL to which a client sends it; valid for an hour, and another one each time. */
  readonly presign: () => Promise<string>;
}

type InParts = Pick<Storage, "multipart">;
type Declared = Pick<StagedUploadRow, "id" | "method" | "size">;

/**
 * Begins the parts of a direct upload, and writes its row. Parts whose row could not be written are removed.
 *
 * A file that is sent in one request is a part as well. The URL of an object would let clients do more than send their
 * bytes: some stores take unsigned headers by which an object is copied from another one, published, or encoded
 * (docs/decisions/0058).
 */
export async function beginParts<Row>(
  storage: InParts,
  { id, method, size }: Declared,
  writeRow: (multipart: StoredMultipart | null) => Promise<Row>,
): Promise<Row> {
  if (method !== "DIRECT" || size === null) return writeRow(null);
  const multipart = await beginMultipart(storage, id, partBytesOf(size));
  try {
    return await writeRow(multipart);
  } catch (error) {
    await abortParts(storage, { id, multipart }).catch(() => {}); // left to the sweep
    throw error;
  }
}

const beginMultipart = async (storage: InParts, id: string, partBytes: number): Promise<StoredMultipart> => ({
  uploadId: await requireMultipart(storage).begin(onlySegmentKey(id)),
  partBytes,
});

/** The URL of an upload that is sent in one request; null if it has several parts, or if all of it has arrived. */
export async function presignOnlyPart(storage: InParts, upload: StagedUploadRow): Promise<string | null> {
  const [only, ...others] = rangesOf(upload);
  const presign = presignerOf(storage, upload);
  return only === undefined || others.length > 0 || presign === null ? null : presign(only);
}

/** The parts of an upload that are still to be sent or to be put together; null if it has only one. */
export async function listUploadParts(
  storage: InParts,
  upload: StagedUploadRow,
): Promise<UploadPartState[] | null> {
  const ref = multipartOf(upload);
  const ranges = rangesOf(upload);
  const presign = presignerOf(storage, upload);
  if (ref === null || presign === null || ranges.length < 2) return null;
  const arrived = sizesOf((await requireMultipart(storage).listParts(ref)) ?? []);
  return ranges.map((range) => ({
    ...range,
    isReceived: arrived.get(range.number) === range.size,
    presign: () => presign(range),
  }));
}

function presignerOf({ multipart }: InParts, upload: StagedUploadRow): PartPresigner | null {
  const ref = multipartOf(upload);
  if (ref === null || multipart === null || upload.status !== "RECEIVING") return null;
  return multipart.presignParts(ref, { expiresInSeconds: URL_MS / SECOND_MS });
}

/**
 * Puts the parts of an upload together, in the staging area: no URL of a part changes the object then.
 *
 * @throws UPLOAD_INCOMPLETE with the numbers of the parts that are missing
 */
export async function takeParts(
  storage: InParts & Pick<Storage, "stat">,
  { upload, write }: UploadLease,
): Promise<void> {
  const multipart = requireMultipart(storage);
  const ref = multipartOf(upload);
  if (ref === null || upload.multipart === null)
    throw new Error(`the direct upload ${upload.id} has no parts`);
  const ranges = rangesOf(upload);
  const refuse = (missing: readonly PartRange[]) =>
    partsMissing(upload.id, { missing: missing.map(({ number }) => number), count: ranges.length });
  const parts = await multipart.listParts(ref);
  if (parts !== null) {
    const arrived = sizesOf(parts);
    const missing = ranges.filter(({ number, size }) => arrived.get(number) !== size);
    if (missing.length > 0) throw refuse(missing);
    await complete(multipart, ref, parts);
  }
  // Otherwise an attempt that was interrupted has put them together, or they have been lost.
  if ((await storage.stat(ref.key))?.size === upload.size)
    return write({ receivedBytes: upload.size ?? 0, status: "CHECKING" });
  await write({ multipart: await beginMultipart(storage, upload.id, upload.multipart.partBytes) });
  throw refuse(ranges);
}

async function complete(multipart: MultipartUploads, ref: MultipartRef, parts: readonly StoredPart[]) {
  try {
    await multipart.complete(ref, parts);
  } catch (error) {
    if (!(error instanceof PartsChanged)) throw error;
    throw new FiledeskError(
      "UPLOAD_INCOMPLETE",
      "Parts are still being sent: complete the upload after them.",
    );
  }
}

function requireMultipart({ multipart }: InParts): MultipartUploads {
  if (multipart === null) throw noDirectUploads();
  return multipart;
}

const rangesOf = ({ size, multipart }: Pick<StagedUploadRow, "size" | "multipart">): PartRange[] =>
  multipart === null || size === null ? [] : partsOf(size, multipart.partBytes);

const sizesOf = (parts: readonly StoredPart[]) => new Map(parts.map(({ number, size }) => [number, size]));
