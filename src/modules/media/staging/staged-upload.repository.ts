import type { SQL } from "drizzle-orm";
import { and, asc, desc, eq, gt, inArray, isNotNull, lt, or, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { requireReturnedRow } from "../../../platform/database/returned-row.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { Authorship, TenantScope } from "../../identity/viewer.js";
import type { NewBlob } from "../blob.repository.js";
import type { StagedUploadRow } from "./staged-upload.tables.js";
import { stagedUploads } from "./staged-upload.tables.js";

/** Only its owner knows of a staged upload, in the tenants that they still reach. */
export interface OwnUploads {
  readonly tenants: TenantScope;
  readonly owner: Authorship;
}

const isOwn = ({ tenants, owner }: OwnUploads) =>
  and(isOwnedBy(owner), inTenants(stagedUploads.companyId, tenants));

function isOwnedBy({ userId, guestId, apiKeyId }: Authorship): SQL {
  if (apiKeyId) return eq(stagedUploads.ownerApiKeyId, apiKeyId);
  return guestId === null ? eq(stagedUploads.ownerId, userId ?? "") : eq(stagedUploads.ownerGuestId, guestId);
}

/** Those that a mutation may still take, or that are still arriving. */
const isOpen = (now: Date) =>
  and(inArray(stagedUploads.status, ["RECEIVING", "CHECKING", "READY"]), gt(stagedUploads.expiresAt, now));

export async function listStagedUploads(
  db: Database,
  own: OwnUploads,
  ids: readonly string[],
): Promise<StagedUploadRow[]> {
  return db
    .select()
    .from(stagedUploads)
    .where(and(isAnyOf(stagedUploads.id, ids), isOwn(own)));
}

export async function findStagedUpload(
  db: Database,
  own: OwnUploads,
  id: string,
): Promise<StagedUploadRow | null> {
  const [row] = await listStagedUploads(db, own, [id]);
  return row ?? null;
}

/** The owner's open uploads, the newest first. */
export async function listOpenUploads(
  db: Database,
  own: OwnUploads,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<StagedUploadRow[]> {
  return db
    .select()
    .from(stagedUploads)
    .where(and(isOwn(own), isOpen(now)))
    .orderBy(desc(stagedUploads.id))
    .limit(limit);
}

/** Counts them under a lock of the owner's, so that concurrent starts do not exceed the limit together. */
export async function countOpenUploads(tx: Database, owner: Authorship, now: Date): Promise<number> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`staged:${owner.userId ?? owner.guestId ?? owner.apiKeyId}`}, 0))`,
  );
  return tx.$count(stagedUploads, and(isOwn({ owner, tenants: "every company" }), isOpen(now)));
}

export type NewStagedUpload = typeof stagedUploads.$inferInsert;

export async function insertStagedUpload(tx: Database, row: NewStagedUpload): Promise<StagedUploadRow> {
  return requireReturnedRow(await tx.insert(stagedUploads).values(row).returning());
}

/** The rows of these ids, locked until the transaction ends, in the order of the lock. */
export async function lockStagedUploads(
  tx: Database,
  own: OwnUploads,
  ids: readonly string[],
): Promise<StagedUploadRow[]> {
  return tx
    .select()
    .from(stagedUploads)
    .where(and(isAnyOf(stagedUploads.id, ids), isOwn(own)))
    .orderBy(asc(stagedUploads.id))
    .for("update");
}

/** Called under the lock. From then on a blob has the bytes, or they are surplus. */
export async function updateAsUsed(
  tx: Database,
  companyId: string,
  { id, mediaFileId, usedAt }: { readonly id: string; readonly mediaFileId: string; readonly usedAt: Date },
): Promise<void> {
  await tx
    .update(stagedUploads)
    .set({ status: "USED", mediaFileId, usedAt, storageKey: null, updatedAt: usedAt })
    .where(and(eq(stagedUploads.id, id), eq(stagedUploads.companyId, companyId)));
}

/** Called under the lock: its bytes are to be removed after the commit. */
export async function updateAsCancelled(tx: Database, companyId: string, id: string): Promise<void> {
  await tx
    .update(stagedUploads)
    .set({ status: "CANCELLED", storageKey: null, checked: null, updatedAt: sql`now()` })
    .where(and(eq(stagedUploads.id, id), eq(stagedUploads.companyId, companyId)));
}

/** What an expired upload leaves behind. */
export type ExpiredUpload = Pick<StagedUploadRow, keyof typeof EXPIRED>;

const EXPIRED = {
  id: stagedUploads.id,
  storageKey: stagedUploads.storageKey,
  receivedBytes: stagedUploads.receivedBytes,
  multipart: stagedUploads.multipart,
};

const isExpired = (before: Date) =>
  and(
    lt(stagedUploads.expiresAt, before),
    or(sql`${stagedUploads.leaseUntil} is null`, sql`${stagedUploads.leaseUntil} < now()`),
  );

/** Every tenant's, for the sweep. */
export async function listExpiredUploads(
  db: Database,
  before: Date,
  limit: number,
): Promise<ExpiredUpload[]> {
  return db
    .select(EXPIRED)
    .from(stagedUploads)
    .where(isExpired(before))
    .orderBy(asc(stagedUploads.expiresAt))
    .limit(limit);
}

/** Every tenant's, for the sweep. @returns the removed rows, as they were at that moment */
export async function purgeExpiredUploads(
  db: Database,
  ids: readonly string[],
  before: Date,
): Promise<ExpiredUpload[]> {
  return db
    .delete(stagedUploads)
    .where(and(isAnyOf(stagedUploads.id, ids), isExpired(before)))
    .returning(EXPIRED);
}

/** Checked bytes of an upload that nothing has used yet. */
export interface CheckedUpload extends Pick<NewBlob, "sha256" | "size"> {
  readonly id: string;
  readonly companyId: string;
  readonly storageKey: string;
}

/** In the order of their ids. Every tenant's. */
export async function listCheckedUploads(
  db: Database,
  after: string | null,
  limit: number,
): Promise<CheckedUpload[]> {
  const { id, companyId, storageKey, checked } = stagedUploads;
  const rows = await db
    .select({ id, companyId, storageKey, checked })
    .from(stagedUploads)
    .where(
      and(
        eq(stagedUploads.status, "READY"),
        isNotNull(storageKey),
        isNotNull(checked),
        after === null ? undefined : gt(id, after),
      ),
    )
    .orderBy(asc(id))
    .limit(limit);
  return rows.flatMap(({ checked, storageKey, ...upload }) =>
    checked === null || storageKey === null
      ? []
      : [{ ...upload, storageKey, sha256: checked.blob.sha256, size: checked.blob.size }],
  );
}

/** How many uploads have been checked, and are not used yet. Every tenant's. */
export const countCheckedUploads = (db: Database): Promise<number> =>
  db.$count(stagedUploads, and(eq(stagedUploads.status, "READY"), isNotNull(stagedUploads.storageKey)));

/** Uploads that are still arriving, in the order of their ids. Every tenant's. */
export async function listUnfinishedUploads(
  db: Database,
  after: string | null,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<Pick<StagedUploadRow, "id" | "method">[]> {
  const { id, method, status, expiresAt } = stagedUploads;
  return db
    .select({ id, method })
    .from(stagedUploads)
    .where(
      and(
        inArray(status, ["RECEIVING", "CHECKING"]),
        gt(expiresAt, now),
        after === null ? undefined : gt(id, after),
      ),
    )
    .orderBy(asc(id))
    .limit(limit);
}

/** Those of these ids whose bytes are still arriving or being checked. Every tenant's, for the sweep. */
export async function listArriving(db: Database, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .select({ id: stagedUploads.id })
    .from(stagedUploads)
    .where(
      and(
        sql`${stagedUploads.id}::text = any(${sql.param([...ids])})`,
        inArray(stagedUploads.status, ["RECEIVING", "CHECKING"]),
      ),
    );
  return new Set(rows.map(({ id }) => id));
}
