import { badUserInput, conflict, gone, notFound } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { AuditActionOn } from "../../identity/audit/audit-action.js";
import type { Viewer } from "../../identity/viewer.js";
import { insertUsages } from "../../media/media-usage.repository.js";
import { lockTicket } from "../ticket-quota.repository.js";
import { writeOnTicket } from "../write-on-ticket.js";
import type { FoundPost } from "./find-post.js";
import { requireSeries, rereadPost } from "./find-post.js";
import { auditPost } from "./post.audit.js";
import { recordPostEvent } from "./post.events.js";
import { touchPost } from "./post.repository.js";
import type { PostDeps, Posting } from "./post.service.js";
import { checkPosting, lockPostTarget, refuseSeriesOf } from "./post.service.js";
import type { PostFileRow, PostRow } from "./post.tables.js";
import {
  deletePostFile,
  insertPostFiles,
  listFilesOfPost,
  updateCaption,
  updateOrder,
} from "./post-file.repository.js";
import { bucketOf, claimFiles, cleanText } from "./post-items.js";
import { usageOf } from "./post-usage.js";
import { releaseFile } from "./release-file.js";

/** One photo of a series. */
export interface SeriesPhotoRef {
  readonly seriesId: string;
  readonly mediaFileId: string;
}

export type PhotoSeriesService = ReturnType<typeof createPhotoSeriesService>;

/** Changes of a series, one after the other under the ticket's lock, so that the positions have no gap. */
export const createPhotoSeriesService = (deps: PostDeps) => ({
  /** Adds photos at the end, all or nothing. @throws CONFLICT for a file that is in the series already */
  addPhotos: (viewer: Viewer, seriesId: string, adding: Pick<Posting, "items" | "requestBytes">) =>
    addPhotos(deps, viewer, seriesId, adding),

  /** @throws BAD_USER_INPUT unless the new order names each photo of the series once */
  async reorder(viewer: Viewer, seriesId: string, order: readonly string[]): Promise<PostRow> {
    const asked = { seriesId, may: "change", action: "photo-series.reordered" } as const;
    return change(deps.db, viewer, asked, async (tx, { post, files }) => {
      refuseUnlessPermutation(order, files);
      if (files.every(({ mediaFileId }, index) => mediaFileId === order[index])) return false;
      await updateOrder(tx, post.companyId, post.id, order);
      return true;
    });
  },

  /** @param caption removed if missing or blank */
  async caption(viewer: Viewer, ref: SeriesPhotoRef, caption: string | null | undefined): Promise<PostRow> {
    const asked = { seriesId: ref.seriesId, may: "change", action: "photo-series.captioned" } as const;
    return change(deps.db, viewer, asked, async (tx, { files }) => {
      const file = requirePhoto(files, ref.mediaFileId);
      if (file.caption === cleanText(caption)) return false;
      await updateCaption(tx, file.companyId, file.id, cleanText(caption));
      return true;
    });
  },

  /** Removes a photo, which cannot be undone; its file is deleted too unless something else uses it or it is from the library. @throws CONFLICT for the last one */
  async removePhoto(viewer: Viewer, ref: SeriesPhotoRef): Promise<PostRow> {
    const action = "photo-series.photo-removed";
    const asked = { seriesId: ref.seriesId, may: "removeFrom", action } as const;
    return change(deps.db, viewer, asked, async (tx, { post, viewer: by, files }) => {
      const file = requirePhoto(files, ref.mediaFileId);
      if (files.length === 1)
        throw conflict("This is the last photo of its series: delete the post instead.");
      await releaseFile(tx, by, post, file.mediaFileId);
      await deletePostFile(tx, file);
      return true;
    });
  },
});

async function addPhotos(
  deps: PostDeps,
  viewer: Viewer,
  seriesId: string,
  adding: Pick<Posting, "items" | "requestBytes">,
): Promise<PostRow> {
  const { db, ingest } = deps;
  const { post, viewer: by } = await requireSeries(db, viewer, seriesId, "addTo");
  const { companyId } = post;
  if (adding.items.length === 0) throw badUserInput("Give at least one photo.", { field: "photos" });
  refuseAdded(await listFilesOfPost(db, companyId, post.id), adding.items);
  const checked = await checkPosting(deps, by, post, adding);
  await ingest.ingestFiles({
    viewer: by,
    companyId,
    bucket: bucketOf(post.kind),
    incoming: checked.incoming,
    permit: async (tx, known) => {
      await lockTicket(tx, post.ticketId);
      await requireSeries(tx, known, post.id, "addTo");
    },
    inTransaction: async (tx, recorded) => {
      await lockPostTarget(deps, tx, post, checked, recorded);
      if (!(await touchPost(tx, companyId, post.id))) throw gone("post");
      const there = await listFilesOfPost(tx, companyId, post.id);
      refuseAdded(there, checked.items);
      const files = await claimFiles(tx, companyId, checked, recorded);
      await insertPostFiles(tx, post, files, there.length);
      await insertUsages(
        tx,
        files.map(({ mediaFileId }) => usageOf(post, mediaFileId)),
      );
      recordPostEvent(tx, post, "post.updated");
      await auditPost(tx, by, "photo-series.photos-added", post, { files: files.length });
    },
  });
  return rereadPost(db, by, post.id);
}

interface SeriesChange {
  readonly seriesId: string;
  /** The action of the policy that the viewer needs. */
  readonly may: "change" | "removeFrom";
  /** The action in the audit log. */
  readonly action: AuditActionOn<"photo-series">;
}

/** A series under its ticket's lock, with its photos. */
interface LockedSeries extends FoundPost {
  readonly files: readonly PostFileRow[];
}

/** @param run returns false when there was nothing to change */
async function change(
  db: Database,
  viewer: Viewer,
  { seriesId, may, action }: SeriesChange,
  run: (tx: Database, series: LockedSeries) => Promise<boolean>,
): Promise<PostRow> {
  const found = await requireSeries(db, viewer, seriesId, may);
  await writeOnTicket(db, found, async (tx, by) => {
    const now = await requireSeries(tx, by, seriesId, may);
    const { post } = now;
    if (!(await touchPost(tx, post.companyId, post.id))) throw gone("post");
    const files = await listFilesOfPost(tx, post.companyId, post.id);
    if (!(await run(tx, { ...now, files }))) return;
    recordPostEvent(tx, post, "post.updated");
    await auditPost(tx, by, action, post);
  });
  return rereadPost(db, found.viewer, seriesId);
}

function refuseAdded(there: readonly PostFileRow[], items: Posting["items"]): void {
  refuseSeriesOf(there.length + items.length);
  const ids = new Set(there.map(({ mediaFileId }) => mediaFileId));
  if (items.some(({ mediaFileId }) => mediaFileId != null && ids.has(mediaFileId)))
    throw conflict("This file is in the series already.", { field: "mediaFileId" });
}

function refuseUnlessPermutation(order: readonly string[], files: readonly PostFileRow[]): void {
  const named = new Set(order);
  const isPermutation =
    named.size === order.length &&
    order.length === files.length &&
    files.every(({ mediaFileId }) => named.has(mediaFileId));
  if (!isPermutation)
    throw badUserInput(
      `A new order names each of the series' ${files.length} photos once. Read the series again, and send all of their ids.`,
      { field: "mediaFileIds", limit: files.length, actual: order.length },
    );
}

function requirePhoto(files: readonly PostFileRow[], mediaFileId: string): PostFileRow {
  const file = files.find((row) => row.mediaFileId === mediaFileId);
  if (file === undefined) throw notFound("photo");
  return file;
}
