import { badUserInput, gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { UserViewer, Viewer } from "../../identity/viewer.js";
import type { IngestService } from "../../media/ingest/ingest.service.js";
import type { RecordedFile } from "../../media/ingest/record.js";
import type { MediaFileService } from "../../media/media-file.service.js";
import { insertUsages } from "../../media/media-usage.repository.js";
import { requireLockedTicket, requireTicket } from "../find-ticket.js";
import type { TicketQuota } from "../ticket-quota.repository.js";
import { findTicketLoad, lockTicket } from "../ticket-quota.repository.js";
import { rereadPost } from "./find-post.js";
import { auditPost, POSTED } from "./post.audit.js";
import { recordPostEvent } from "./post.events.js";
import { insertPost, touchTicket } from "./post.repository.js";
import type { PostRow } from "./post.tables.js";
import { findPostLoad, insertPostFiles } from "./post-file.repository.js";
import type { PostItem, PostItems } from "./post-items.js";
import { bucketOf, checkItems, claimFiles, cleanText, loadOf, refuseOverPostQuota } from "./post-items.js";
import { usageOf } from "./post-usage.js";

/** Photos of one series at most. */
export const MAX_SERIES_PHOTOS = 50;

export interface PostDeps {
  readonly db: Database;
  readonly ingest: IngestService;
  readonly mediaFiles: Pick<MediaFileService, "requireReadable">;
  /** For all posts of a ticket together. */
  readonly postQuota: TicketQuota;
}

/** A post to be created. */
export interface Posting {
  readonly ticketId: string;
  readonly description?: string | null | undefined;
  readonly items: readonly PostItem[];
  /** `Content-Length` of the request, in bytes; null when it is not known. */
  readonly requestBytes: number | null;
}

export type PostService = ReturnType<typeof createPostService>;

export const createPostService = (deps: PostDeps) => ({
  /** Posts one photo on a ticket. Either everything is stored or nothing, as in the others. @throws QUOTA_EXCEEDED, and what the ingest throws */
  postPhoto: (viewer: Viewer, posting: Posting) => post(deps, viewer, "PHOTO", posting),

  /** Posts photos in the order in which they are given. @throws BAD_USER_INPUT for none or too many, and as `postPhoto` */
  postSeries(viewer: Viewer, posting: Posting): Promise<PostRow> {
    refuseSeriesOf(posting.items.length);
    return post(deps, viewer, "PHOTO_SERIES", posting);
  },

  /** Posts one short clip. @throws FILE_TOO_LARGE for one that is too long as well, and as `postPhoto` */
  postClip: (viewer: Viewer, posting: Posting) => post(deps, viewer, "VIDEO_CLIP", posting),
});

/** @throws BAD_USER_INPUT */
export function refuseSeriesOf(count: number): void {
  if (count === 0) throw badUserInput("Give at least one photo.", { field: "photos" });
  if (count > MAX_SERIES_PHOTOS)
    throw badUserInput(
      `A series has ${MAX_SERIES_PHOTOS} photos at most; this one would have ${count}. Begin another one.`,
      { field: "photos", limit: MAX_SERIES_PHOTOS, actual: count },
    );
}

async function post(
  deps: PostDeps,
  viewer: Viewer,
  kind: PostRow["kind"],
  posting: Posting,
): Promise<PostRow> {
  const found = await requireTicket(deps.db, viewer, posting.ticketId, "attach");
  const { ticket, viewer: author } = found;
  const target = { ticketId: ticket.id, companyId: ticket.companyId, kind };
  const checked = await checkPosting(deps, author, target, posting);
  const id = await deps.ingest.ingestFiles({
    viewer: author,
    companyId: ticket.companyId,
    bucket: bucketOf(kind),
    incoming: checked.incoming,
    permit: (tx, known) => requireLockedTicket(tx, known, ticket.id, "attach"),
    inTransaction: async (tx, recorded) => {
      await lockPostTarget(deps, tx, target, checked, recorded);
      const files = await claimFiles(tx, ticket.companyId, checked, recorded);
      const row = { ...target, authorId: author.id, description: cleanText(posting.description) };
      const made = { ...target, id: await insertPost(tx, row) };
      await insertPostFiles(tx, made, files, 0);
      await insertUsages(
        tx,
        files.map(({ mediaFileId }) => usageOf(made, mediaFileId)),
      );
      recordPostEvent(tx, made, "post.added");
      await auditPost(tx, author, POSTED[kind], made, { files: files.length });
      return made.id;
    },
  });
  return rereadPost(deps.db, author, id);
}

/** The ticket that something is posted on, and as what. */
export type PostTarget = Pick<PostRow, "ticketId" | "companyId" | "kind">;

/** Refuses what can be refused before the first byte is read. */
export async function checkPosting(
  { db, ingest, mediaFiles, postQuota }: PostDeps,
  viewer: UserViewer,
  { ticketId, companyId, kind }: PostTarget,
  given: Pick<Posting, "items" | "requestBytes">,
): Promise<PostItems> {
  const rules = ingest.rulesOf(bucketOf(kind));
  const checked = await checkItems({ mediaFiles, rules }, viewer, companyId, given);
  refuseOverPostQuota(await findPostLoad(db, companyId, ticketId), postQuota, loadOf(checked, []));
  return checked;
}

/**
 * Takes the ticket's lock, under which its posts are changed one after the other, and checks the quota again.
 *
 * @throws GONE for a ticket that has been deleted meanwhile, QUOTA_EXCEEDED
 */
export async function lockPostTarget(
  { postQuota }: Pick<PostDeps, "postQuota">,
  tx: Database,
  { ticketId, companyId }: PostTarget,
  checked: PostItems,
  recorded: readonly RecordedFile[],
): Promise<void> {
  await lockTicket(tx, ticketId);
  if ((await findTicketLoad(tx, ticketId)) === null) throw gone("ticket");
  refuseOverPostQuota(await findPostLoad(tx, companyId, ticketId), postQuota, loadOf(checked, recorded));
  await touchTicket(tx, companyId, ticketId);
}
