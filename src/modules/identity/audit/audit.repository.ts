import type { Database } from "../../../platform/database/client.js";
import type { Client, Viewer } from "../viewer.js";
import { auditLog } from "./audit.tables.js";
import type { AuditAction } from "./audit-action.js";

/** A viewer, or the person in whose name something was done. */
export interface AuditActor {
  readonly kind: Viewer["kind"];
  readonly id?: string;
  readonly client?: Client;
}

export interface AuditEntry {
  /** The tenant that it concerns; null for the whole installation. */
  readonly companyId: string | null;
  /** Who did it; null for the server itself: a job, or the command line. */
  readonly by: AuditActor | null;
  readonly action: AuditAction;
  readonly subjectType: string;
  /** Null where nothing was reached. */
  readonly subjectId: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** In UTF-16 code units. */
export const MAX_USER_AGENT_LENGTH = 300;

/** Call it in the transaction of the change that it records, so that neither is committed without the other. */
export async function insertAuditEntry(db: Database, entry: AuditEntry): Promise<void> {
  await db.insert(auditLog).values(toRow(entry));
}

export async function insertAuditEntries(db: Database, entries: readonly AuditEntry[]): Promise<void> {
  await db.insert(auditLog).values(entries.map(toRow));
}

const toRow = ({ by, details, ...entry }: AuditEntry) => ({
  ...entry,
  actorKind: by?.kind ?? "server",
  actorId: by?.id ?? null,
  address: by?.client?.address ?? null,
  userAgent: by?.client?.userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  details: details ?? null,
});
