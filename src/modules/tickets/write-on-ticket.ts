import type { Database } from "../../platform/database/client.js";
import { writeAs } from "../identity/confirm-viewer.js";
import type { MembershipRow } from "../identity/membership.tables.js";
import { lockActiveMembership } from "../identity/memberships/membership.repository.js";
import type { UserViewer } from "../identity/viewer.js";
import type { FoundTicket } from "./find-ticket.js";
import { lockTicket } from "./ticket-quota.repository.js";

/** The viewer and the ticket, as they were authorised before the transaction. */
type Found = Pick<FoundTicket, "viewer"> & {
  readonly ticket: Pick<FoundTicket["ticket"], "id" | "companyId">;
};

/**
 * Runs a transaction that changes a ticket, or what belongs to it, on a viewer's behalf, under the ticket's lock.
 *
 * @param write authorises again, with the viewer as they are now
 */
export const writeOnTicket = <Result>(
  db: Database,
  { viewer, ticket }: Found,
  write: (tx: Database, viewer: UserViewer) => Promise<Result>,
): Promise<Result> =>
  writeAs(db, { viewer, companyId: ticket.companyId, lock: (tx) => lockTicket(tx, ticket.id) }, write);

/**
 * As `writeOnTicket`, for changes that depend on the membership of another person, which is locked as well.
 *
 * @param write gets the membership; null without a person, and for one who is no active member
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
