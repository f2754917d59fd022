import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { userPolicy } from "../users/user.policy.js";
import type { Person } from "../users/user.repository.js";
import { findAccount } from "../users/user.repository.js";
import type { Viewer } from "../viewer.js";
import { deactivate, reactivate } from "./deactivate.js";

export type UserAccessService = ReturnType<typeof createUserAccessService>;

/** Activation of accounts, for administrators. */
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
     * Deactivates an account: sessions, tokens, subscriptions and signed URLs end at once. What the person wrote
     * stays, under their name. Does nothing if the account is deactivated already.
     *
     * @throws CONFLICT for the last administrator
     */
    deactivateUser: change(deactivate),

    /** Reactivates an account; the person has to sign in again. Does nothing if the account is active. */
    reactivateUser: change(reactivate),
  };
}
