import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import type { StagedUploadRow } from "./staged-upload.tables.js";
import { stagedUploads } from "./staged-upload.tables.js";

/** An upload, and the request that holds it. */
export interface LeaseRef {
  readonly uploadId: string;
  readonly companyId: string;
  readonly leaseId: string;
}

/** What the holder of a lease writes. */
export type HeldChanges = Partial<
  Pick<
    StagedUploadRow,
    "receivedBytes" | "size" | "status" | "storageKey" | "checked" | "refusal" | "multipart"
  >
>;

const isIt = ({ uploadId, companyId }: LeaseRef) =>
  and(eq(stagedUploads.id, uploadId), eq(stagedUploads.companyId, companyId));
const isHeld = (lease: LeaseRef) => and(isIt(lease), eq(stagedUploads.leaseId, lease.leaseId));
const until = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;

/** Takes a free lease, or one whose holder has ended. Null while somebody holds it. */
export async function acquireLease(
  db: Database,
  lease: LeaseRef,
  seconds: number,
): Promise<StagedUploadRow | null> {
  const [row] = await db
    .update(stagedUploads)
    .set({ leaseId: lease.leaseId, leaseUntil: until(seconds), isLeaseWanted: false })
    .where(
      and(isIt(lease), sql`(${stagedUploads.leaseUntil} is null or ${stagedUploads.leaseUntil} < now())`),
    )
    .returning();
  return row ?? null;
}

/** Asks the holder of the lease to give it up. */
export async function requestLease(db: Database, lease: LeaseRef): Promise<void> {
  await db.update(stagedUploads).set({ isLeaseWanted: true }).where(isIt(lease));
}

/** Keeps a lease for longer, and writes what is durable by now. Null if it has been lost. */
export async function renewLease(
  db: Database,
  lease: LeaseRef,
  { seconds, ...changes }: { readonly seconds: number } & HeldChanges,
): Promise<{ readonly isWanted: boolean } | null> {
  const [row] = await db
    .update(stagedUploads)
    .set({ ...changes, leaseUntil: until(seconds), updatedAt: sql`now()` })
    .where(isHeld(lease))
    .returning({ isWanted: stagedUploads.isLeaseWanted });
  return row ?? null;
}

/** Gives a lease back. Changes nothing if it has been lost. */
export async function releaseLease(db: Database, lease: LeaseRef): Promise<void> {
  await db
    .update(stagedUploads)
    .set({ leaseId: null, leaseUntil: null, isLeaseWanted: false })
    .where(isHeld(lease));
}
