import type { Database } from "../../platform/database/client.js";
import { writeAs } from "../identity/confirm-viewer.js";
import type { MembershipRow } from "../identity/membership.tables.js";
import { lockActiveMembership } from "../identity/memberships/membership.repository.js";
import type { UserViewer } from "../identity/viewer.js";
import type { FoundTicket } from "./find-ticket.js";
import { lockTicket } from "./ticket-quota.repository.js";

/** Who writes on which ticket, as they were found. */
type Found = Pick<FoundTicket, "viewer"> & {
  readonly ticket: Pick<FoundTicket["ticket"], "id" | "companyId">;
};

/**
 * Runs a transaction that changes a ticket, or what hangs on it, on a viewer's behalf, under the ticket's lock.
 *
 * @param write asks the policy once more, with the viewer as they are now
 */
export const writeOnTicket = <Result>(
  db: Database,
  { viewer, ticket }: Found,
  write: (tx: Database, viewer: UserViewer) => Promise<Result>,
): Promise<Result> =>
  writeAs(db, { viewer, companyId: ticket.companyId, lock: (tx) => lockTicket(tx, ticket.id) }, write);

/**
 * As `writeOnTicket`, for what gives the ticket to somebody: they stay what they are in the company as well.
 *
 * @param write is told their membership; null for nobody, and for who is no member or is locked out
 */
export const writeOnTicketWithMember = <Result>(
  db: Database,
  { viewer, ticket: { id, companyId }, userId }: Found & { readonly userId: string | null },
  write: (tx: Database, viewer: UserViewer, membership: MembershipRow | null) => Promise<Result>,
): Promise<Result> => {
  const lock = async (tx: Database) => {
    const membership = userId === null ? null : await lockActiveMembership(tx, companyId, userId);
    await lockTicket(tx, id);
    return membership;
  };
  return writeAs(db, { viewer, companyId, lock }, (tx, known, membership) =>
    write(tx, known, membership ?? null),
  );
};
