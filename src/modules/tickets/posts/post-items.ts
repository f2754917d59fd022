import { formatBytes } from "../../../kernel/bytes.js";
import {
  badUserInput,
  conflict,
  FiledeskError,
  gone,
  notFound,
  quotaExceeded,
} from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import type { UserViewer } from "../../identity/viewer.js";
import type { Bucket, BucketRules } from "../../media/buckets.js";
import { kindOf } from "../../media/file-types.js";
import { refuseTooLong } from "../../media/ingest/inspect/inspect-video.js";
import type { RecordedFile } from "../../media/ingest/record.js";
import { fileTooLarge } from "../../media/media.errors.js";
import { refuseUnsafe } from "../../media/media-file.policy.js";
import type { MediaFileView } from "../../media/media-file.repository.js";
import { listMediaFiles } from "../../media/media-file.repository.js";
import type { MediaFileService } from "../../media/media-file.service.js";
import { lockMediaFileForUse } from "../../media/media-usage.repository.js";
import { refuseSinglePurpose } from "../../media/single-purpose-buckets.js";
import type { TicketLoad, TicketQuota } from "../ticket-quota.repository.js";
import type { PostRow } from "./post.tables.js";
import type { NewPostFile } from "./post-file.repository.js";

/** A file for a post: either one that is being or has been uploaded, or one that the company has. */
export interface PostItem {
  readonly file?: IncomingFiles["files"][number] | null | undefined;
  readonly mediaFileId?: string | null | undefined;
  readonly caption?: string | null | undefined;
}

/** The items of a post, checked before any bytes are read. */
export interface PostItems {
  readonly items: readonly PostItem[];
  readonly incoming: IncomingFiles;
  /** Files that the company has, by their ids. */
  readonly existing: ReadonlyMap<string, MediaFileView>;
}

export const bucketOf = (kind: PostRow["kind"]): Bucket => (kind === "VIDEO_CLIP" ? "VIDEOS" : "PHOTOS");

export interface PostItemsDeps {
  readonly mediaFiles: Pick<MediaFileService, "requireReadable">;
  readonly rules: BucketRules;
}

/**
 * Checks what is known before the first byte is read: each item has one file, and existing files are readable by the
 * viewer, of the ticket's company and of the right kind.
 *
 * @throws BAD_USER_INPUT, NOT_FOUND, GONE, UNSUPPORTED_FILE_TYPE, FILE_TOO_LARGE, FILE_NOT_SCANNED, FILE_INFECTED
 */
export async function checkItems(
  { mediaFiles, rules }: PostItemsDeps,
  viewer: UserViewer,
  companyId: string,
  { items, requestBytes }: { readonly items: readonly PostItem[]; readonly requestBytes: number | null },
): Promise<PostItems> {
  for (const { file, mediaFileId } of items) if ((file == null) === (mediaFileId == null)) throw giveOne();
  const ids = items.flatMap(({ mediaFileId }) => mediaFileId ?? []);
  if (new Set(ids).size < ids.length)
    throw badUserInput("A file can stand only once in a series.", { field: "mediaFileId" });
  const existing = new Map<string, MediaFileView>();
  for (const id of ids) {
    const file = await mediaFiles.requireReadable(viewer, id);
    if (file.companyId !== companyId) throw notFound("file");
    refuseUnfit(file, rules);
    existing.set(id, file);
  }
  return { items, incoming: { files: items.flatMap(({ file }) => file ?? []), requestBytes }, existing };
}

export const giveOne = () =>
  badUserInput("Give `file`, `stagedUploadId` or `mediaFileId` for each, and only one of them.", {
    field: "file",
  });

function refuseUnfit(file: MediaFileView, { bucket, maxBytes, maxSeconds }: BucketRules): void {
  refuseSinglePurpose(file, "mediaFileId");
  const wanted = bucket === "VIDEOS" ? "VIDEO" : "IMAGE";
  if (kindOf(file.mimeType) !== wanted)
    throw new FiledeskError(
      "UNSUPPORTED_FILE_TYPE",
      `This file is ${file.mimeType}; ${wanted === "VIDEO" ? "a clip is a video" : "a photo is an image"}.`,
      { actual: file.mimeType },
    );
  refuseUnsafe(file);
  if (wanted === "IMAGE") return;
  if (file.size > maxBytes) throw fileTooLarge(maxBytes, file.size);
  refuseTooLong(file.durationMs ?? 0, maxSeconds);
}

/**
 * Joins recorded and existing files in the order of the items. The existing ones are locked against deletion until the
 * transaction ends.
 *
 * @throws GONE for a file that has been deleted since it was checked, CONFLICT for one that has been replaced
 */
export async function claimFiles(
  tx: Database,
  companyId: string,
  { items, existing }: PostItems,
  recorded: readonly RecordedFile[],
): Promise<NewPostFile[]> {
  const inCompany = { companyIds: [companyId] };
  // In the order of their ids, so that transactions that lock the same files do not deadlock.
  for (const id of [...existing.keys()].sort())
    if (!(await lockMediaFileForUse(tx, companyId, id))) throw gone("file");
  for (const file of existing.size > 0 ? await listMediaFiles(tx, inCompany, [...existing.keys()]) : [])
    if (file.blobId !== existing.get(file.id)?.blobId)
      throw conflict("This file has just been replaced by another one: look at it and post it again.");
  const uploaded = [...recorded];
  return items.map(({ mediaFileId, caption }) => ({
    mediaFileId: mediaFileId ?? requireNext(uploaded).id,
    caption: cleanText(caption),
  }));
}

function requireNext(uploaded: RecordedFile[]): RecordedFile {
  const next = uploaded.shift();
  if (next === undefined) throw new Error("fewer files were recorded than were uploaded for a post");
  return next;
}

/** The files and bytes that the items add to the posts of a ticket. */
export const loadOf = ({ items, existing }: PostItems, recorded: readonly RecordedFile[]): TicketLoad => ({
  files: items.length,
  bytes: [...existing.values(), ...recorded].reduce((sum, { size }) => sum + size, 0),
});

/** @throws QUOTA_EXCEEDED; exact under the ticket's lock; before an upload it saves receiving files that would be refused */
export function refuseOverPostQuota(load: TicketLoad, quota: TicketQuota, more: TicketLoad): void {
  if (load.files + more.files > quota.files)
    throw quotaExceeded(
      `A ticket takes ${quota.files} photos and clips; this one has ${load.files}, and ${more.files} more do not fit. Delete some, or open another ticket.`,
      { limit: quota.files, actual: load.files + more.files },
    );
  if (load.bytes + more.bytes > quota.bytes)
    throw quotaExceeded(
      `A ticket takes ${formatBytes(quota.bytes)} of photos and clips; this one has ${formatBytes(load.bytes)}, and ${formatBytes(more.bytes)} more do not fit.`,
      { limit: quota.bytes, actual: load.bytes + more.bytes },
    );
}

export const cleanText = (text: string | null | undefined): string | null => text?.trim() || null;
