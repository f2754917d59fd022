import { unauthenticated } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { lockApiKeyViewer, lockGuestViewer, lockUserViewer } from "./confirmed-viewer.repository.js";
import type { Identified, Viewer } from "./viewer.js";

/** A write: on whose behalf, and in which company. */
export interface Writing<Writer extends Viewer = Viewer> {
  readonly viewer: Writer;
  /** The company of the written rows; null for rows without a company. */
  readonly companyId: string | null;
}

/** The current viewer, of the same kind as before. */
export type Confirmed<Writer extends Viewer> = Extract<Identified, { readonly kind: Writer["kind"] }>;

/**
 * Reads the viewer again in the transaction that writes. The account, the session or the membership may have ended
 * since the request was authorised: an upload takes up to an hour. The caller asks the policy again with the viewer
 * that this returns.
 *
 * The rows that it reads stay locked for share. A transaction that ends one of these rights has either committed
 * before and is visible here, or waits for this transaction. These locks are the first in the lock order: account,
 * session or API key, membership, company, conversation or ticket, and then what belongs to these; memberships of other people
 * come directly after the own one. The statement is sent before the promise is returned, so that locks requested
 * directly afterwards are queued behind it.
 *
 * @returns the current viewer, with their role in this company only
 * @throws UNAUTHENTICATED when the account, the session, the API key or the access of the guest has ended
 */
export async function confirmViewer<Writer extends Viewer>(
  tx: Database,
  { viewer, companyId }: Writing<Writer>,
): Promise<Confirmed<Writer>> {
  const known: Viewer = viewer;
  let confirmed: Identified | null = null;
  if (known.kind === "user") confirmed = await lockUserViewer(tx, known, companyId);
  if (known.kind === "guest") confirmed = await lockGuestViewer(tx, known.id);
  if (known.kind === "api-key") confirmed = await lockApiKeyViewer(tx, known);
  if (confirmed === null) throw unauthenticated(known.kind === "api-key" ? KEY_ENDED : ENDED);
  return { ...confirmed, ...(known.client && { client: known.client }) } as Confirmed<Writer>;
}

const ENDED = "Your access has ended: sign in again.";
const KEY_ENDED = "This API key is not valid any more: use another one.";

/** A write and the locks that it needs. */
export interface LockedWriting<Writer extends Viewer, Locked> extends Writing<Writer> {
  /** Locks the rows to be written. It is sent directly after the confirmation, without waiting for it. */
  readonly lock?: (tx: Database) => Promise<Locked>;
}

/**
 * Runs a transaction on behalf of a viewer, who is confirmed before anything else.
 *
 * @param write authorises the viewer that it is given, under the locks, and then writes
 */
export const writeAs = <Writer extends Viewer, Result, Locked>(
  db: Database,
  { lock, ...writing }: LockedWriting<Writer, Locked>,
  write: (tx: Database, viewer: Confirmed<Writer>, locked: Locked | undefined) => Promise<Result>,
): Promise<Result> =>
  db.transaction(async (tx) => {
    const confirming = confirmViewer(tx, writing);
    const locking = lock?.(tx);
    // Both are waited for: when one fails, the other sends nothing behind the rollback.
    await Promise.allSettled([confirming, locking]);
    return write(tx, await confirming, await locking);
  });
