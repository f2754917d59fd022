import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { userPolicy } from "../users/user.policy.js";
import type { Person } from "../users/user.repository.js";
import { findAccount } from "../users/user.repository.js";
import type { Viewer } from "../viewer.js";
import { deactivate, reactivate } from "./deactivate.js";

export type UserAccessService = ReturnType<typeof createUserAccessService>;

/** Who may come in at all; for administrators. */
export function createUserAccessService({ db, clock }: { readonly db: Database; readonly clock: Clock }) {
  const change =
    (act: typeof deactivate) =>
    async (viewer: Viewer, userId: string): Promise<Person> => {
      const account = await findAccount(db, userId);
      const { viewer: by } = authorize(userPolicy, "administer", viewer, account);
      return db.transaction((tx) => act(tx, { userId, by, now: clock() }));
    };
  return {
    /**
     * Locks somebody out: their sessions, tokens, subscriptions and signed URLs end at once. What they made stays, under
     * their name. Nothing happens to who is locked out already.
     *
     * @throws CONFLICT for the last administrator
     */
    deactivateUser: change(deactivate),

    /** Lets somebody in again; they have to sign in. Nothing happens to who is not locked out. */
    reactivateUser: change(reactivate),
  };
}
