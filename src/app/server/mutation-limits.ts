import { FiledeskError } from "../../kernel/errors.js";
import type { ViewerContext } from "../../modules/identity/viewer.js";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import type { AdmitMutation } from "../../platform/graphql/limit-mutations.js";
import { networkKeyOf } from "../../platform/rate-limit/network-key.js";
import { countUse } from "../../platform/rate-limit/rate-limit.repository.js";

/** Mutations that create lasting objects. */
const CREATING: ReadonlySet<string> = new Set([
  "addReply",
  "createCompany",
  "createTicket",
  "createUser",
  "inviteGuest",
  "inviteMember",
  "sendMessage",
  "startConversation",
]);

/** Mutations with their own rate limits. */
const LIMITED_ELSEWHERE: ReadonlySet<string> = new Set([
  "changePassword",
  "joinAsGuest",
  "refreshSession",
  "resetPassword",
  "signIn",
  "startTyping",
]);

/** Mutations that hash a password. */
export const HASHING: ReadonlySet<string> = new Set([
  "changePassword",
  "createUser",
  "resetPassword",
  "signIn",
]);

const WINDOW_SECONDS = 60;
/** Many people may have one address, as with sign-ins. */
const OF_AN_ADDRESS = 10;

/** Per request without a sign-in: such a client can only sign in or use a link. */
const MOST_OF_ANONYMOUS = 5;

export interface MutationLimits {
  readonly db: Database;
  readonly config: Pick<Config, "CHANGES_PER_MINUTE" | "CREATIONS_PER_MINUTE">;
}

/**
 * How many mutations a viewer may send in a minute: of those that create, and of all others together. A request with
 * files was counted as an upload before its first byte was read, and its first mutation with it.
 */
export function createMutationLimits({ db, config }: MutationLimits): AdmitMutation<ViewerContext> {
  const countedAsUploads = new WeakSet<ViewerContext>();
  const ofAnonymous = new WeakMap<ViewerContext, number>();
  const countAnonymous = (context: ViewerContext) => {
    const count = (ofAnonymous.get(context) ?? 0) + 1;
    ofAnonymous.set(context, count);
    if (count > MOST_OF_ANONYMOUS) throw tooManyOfAnonymous();
  };
  return async (context, mutation) => {
    const { viewer, clientAddress, requestBytes, requestFiles = 0 } = context;
    if (viewer.kind === "anonymous") countAnonymous(context);
    if (LIMITED_ELSEWHERE.has(mutation)) return;
    // A body without a length has no `requestBytes`.
    const isUpload = requestBytes !== null || requestFiles > 0;
    if (isUpload && !countedAsUploads.has(context)) {
      countedAsUploads.add(context);
      return;
    }
    const creates = CREATING.has(mutation);
    const limit = creates ? config.CREATIONS_PER_MINUTE : config.CHANGES_PER_MINUTE;
    const whose = viewer.kind === "anonymous" ? networkKeyOf(clientAddress) : `${viewer.kind}:${viewer.id}`;
    await countUse(db, {
      key: `${creates ? "create" : "change"}:${whose}`,
      limit: viewer.kind === "anonymous" ? limit * OF_AN_ADDRESS : limit,
      windowSeconds: WINDOW_SECONDS,
      message: creates ? "You create too much at once" : "You change too much at once",
    });
  };
}

const tooManyOfAnonymous = () =>
  new FiledeskError(
    "QUERY_TOO_COMPLEX",
    `Without a sign-in, one request may have ${MOST_OF_ANONYMOUS} mutations: sign in, or send the others in another request.`,
    { limit: MOST_OF_ANONYMOUS },
  );
