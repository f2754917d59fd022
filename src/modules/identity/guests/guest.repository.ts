import { and, asc, eq, gt, isNotNull, isNull, lte, or, sql } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { requireReturnedRow } from "../../../platform/database/returned-row.js";
import { companies } from "../company.tables.js";
import type { GuestRow } from "../guest.tables.js";
import { guests } from "../guest.tables.js";
import { inTenants } from "../tenant.repository.js";
import type { GuestViewer, TenantScope } from "../viewer.js";

/** The visible columns of a guest. The hash of the token never leaves the repositories. */
export type GuestView = Omit<GuestRow, "tokenHash"> & {
  /** The name of an actor; for a guest, the display name. */
  readonly name: string;
};

/** The columns of a `GuestView`. */
const columns = {
  id: guests.id,
  companyId: guests.companyId,
  conversationId: guests.conversationId,
  displayName: guests.displayName,
  name: guests.displayName,
  invitedBy: guests.invitedBy,
  expiresAt: guests.expiresAt,
  joinedAt: guests.joinedAt,
  revokedAt: guests.revokedAt,
  createdAt: guests.createdAt,
  updatedAt: guests.updatedAt,
};

export type NewGuest = Pick<
  GuestRow,
  "companyId" | "conversationId" | "displayName" | "tokenHash" | "invitedBy" | "expiresAt"
>;

/** The invitation is neither expired nor revoked, and its company is not deleted. */
const lasts = (now: Date) =>
  and(isNull(guests.revokedAt), gt(guests.expiresAt, now), isNull(companies.deletedAt));

/** The guests with these ids who still have access, as viewers, in one statement. */
export async function listGuestViewers(
  db: Database,
  ids: readonly string[],
  now: Date,
): Promise<GuestViewer[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .select({
      id: guests.id,
      name: guests.displayName,
      companyId: guests.companyId,
      conversationId: guests.conversationId,
    })
    .from(guests)
    .innerJoin(companies, eq(companies.id, guests.companyId))
    .where(and(isAnyOf(guests.id, ids), lasts(now)));
  return rows.map((row) => ({ kind: "guest", ...row }));
}

/** Finds a guest by the hash of the invitation's token; null when it is expired or revoked. */
export async function findGuestByToken(
  db: Database,
  tokenHash: string,
  now: Date,
): Promise<GuestView | null> {
  const [row] = await db
    .select(columns)
    .from(guests)
    .innerJoin(companies, eq(companies.id, guests.companyId))
    .where(and(eq(guests.tokenHash, tokenHash), lasts(now)));
  return row ?? null;
}

/** Lists guests without access as well: they remain the authors of what they wrote. */
export const listGuests = (db: Database, ids: readonly string[]): Promise<GuestView[]> =>
  db.select(columns).from(guests).where(isAnyOf(guests.id, ids));

export async function findGuest(db: Database, tenants: TenantScope, id: string): Promise<GuestView | null> {
  const [row] = await db
    .select(columns)
    .from(guests)
    .where(and(eq(guests.id, id), inTenants(guests.companyId, tenants)));
  return row ?? null;
}

/** The guests that a viewer sees in readable conversations: only staff see guests who have not joined yet. */
export interface GuestScope {
  readonly tenants: TenantScope;
  readonly staffOf: TenantScope;
}

/** The newest guests of each conversation, up to `limit` of each, oldest first, in one statement. */
export async function listGuestsOfConversations(
  db: Database,
  { tenants, staffOf }: GuestScope,
  conversationIds: readonly string[],
  limit: number,
): Promise<GuestView[]> {
  const shown = or(isNotNull(guests.joinedAt), inTenants(guests.companyId, staffOf));
  const ranked = db
    .select({
      id: guests.id,
      rank: sql<number>`row_number() over (partition by ${guests.conversationId} order by ${guests.id} desc)`.as(
        "rank",
      ),
    })
    .from(guests)
    .where(and(isAnyOf(guests.conversationId, conversationIds), inTenants(guests.companyId, tenants), shown))
    .as("ranked");
  return db
    .select(columns)
    .from(guests)
    .innerJoin(ranked, eq(ranked.id, guests.id))
    .where(lte(ranked.rank, limit))
    .orderBy(asc(guests.id));
}

export async function insertGuest(tx: Database, guest: NewGuest): Promise<GuestView> {
  return requireReturnedRow(await tx.insert(guests).values(guest).returning(columns));
}

/** @returns false when the guest has joined before, or is revoked */
export async function updateGuestAsJoined(tx: Database, companyId: string, id: string): Promise<boolean> {
  const joined = await tx
    .update(guests)
    .set({ joinedAt: sql`now()`, updatedAt: sql`now()` })
    .where(
      and(
        eq(guests.companyId, companyId),
        eq(guests.id, id),
        isNull(guests.joinedAt),
        isNull(guests.revokedAt),
      ),
    )
    .returning({ id: guests.id });
  return joined.length > 0;
}

/** @returns the guest, as it was revoked; null when it was revoked already */
export async function updateGuestAsRevoked(
  tx: Database,
  companyId: string,
  id: string,
): Promise<GuestView | null> {
  const [revoked] = await tx
    .update(guests)
    .set({ revokedAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(eq(guests.companyId, companyId), eq(guests.id, id), isNull(guests.revokedAt)))
    .returning(columns);
  return revoked ?? null;
}
