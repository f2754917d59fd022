import { unauthenticated } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { lockGuestViewer, lockUserViewer } from "./confirmed-viewer.repository.js";
import type { Actor, Viewer } from "./viewer.js";

/** Who writes, and where. */
export interface Writing<Writer extends Viewer = Viewer> {
  readonly viewer: Writer;
  /** The company that the written rows belong to; null for what belongs to none. */
  readonly companyId: string | null;
}

/** The viewer as they are now: of the same kind as before. */
export type Confirmed<Writer extends Viewer> = Extract<Actor, { readonly kind: Writer["kind"] }>;

/**
 * Looks again, in the transaction that writes, at who writes: the account, the session and the membership may have ended
 * since the request was authorised, and a file takes up to an hour to arrive. What the viewer may do is then asked of the
 * policy once more, with the viewer that this returns.
 *
 * The rows that it reads stay locked, so that whoever ends a right either has come first, and is heard here, or waits
 * until this transaction is over. They come first in the order of locks: account, session, membership, company,
 * conversation or ticket, and only then what hangs on these; somebody else's membership comes right behind one's own.
 * Its one statement is sent before this returns its promise: locks that are asked for right afterwards, and go out
 * together with it, come behind it.
 *
 * @returns the viewer as they are now, with their role in this company alone
 * @throws UNAUTHENTICATED when the account, the session or the guest's access has ended
 */
export async function confirmViewer<Writer extends Viewer>(
  tx: Database,
  { viewer, companyId }: Writing<Writer>,
): Promise<Confirmed<Writer>> {
  const known: Viewer = viewer;
  let confirmed: Actor | null = null;
  if (known.kind === "user") confirmed = await lockUserViewer(tx, known, companyId);
  if (known.kind === "guest") confirmed = await lockGuestViewer(tx, known.id);
  if (confirmed === null) throw unauthenticated(ENDED);
  return confirmed as Confirmed<Writer>;
}

const ENDED = "Your access has ended: sign in again.";

/** A writing, and the locks under which it is done. */
export interface LockedWriting<Writer extends Viewer, Locked> extends Writing<Writer> {
  /** Takes the locks of what is written. It is sent together with the confirmation, right behind it. */
  readonly lock?: (tx: Database) => Promise<Locked>;
}

/**
 * Runs a transaction that writes on a viewer's behalf: the viewer is confirmed before anything else.
 *
 * @param write authorises with the viewer that it is given, under the locks of what it changes, and then writes
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
