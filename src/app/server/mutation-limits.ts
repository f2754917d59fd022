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
const ADDRESS_FACTOR = 10;

/** Maximum mutations in a request without a sign-in, whose client can only sign in or use a link. */
const MAX_ANONYMOUS = 5;

export interface MutationLimits {
  readonly db: Database;
  readonly config: Pick<Config, "CHANGES_PER_MINUTE" | "CREATIONS_PER_MINUTE">;
}

/**
 * Limits the mutations of a viewer per minute: those that create objects, and all others together. The first mutation
 * of a request with files is not counted, because the request was already counted as an upload before its first byte
 * was read.
 */
export function createMutationLimits({ db, config }: MutationLimits): AdmitMutation<ViewerContext> {
  const countedAsUploads = new WeakSet<ViewerContext>();
  const ofAnonymous = new WeakMap<ViewerContext, number>();
  const countAnonymous = (context: ViewerContext) => {
    const count = (ofAnonymous.get(context) ?? 0) + 1;
    ofAnonymous.set(context, count);
    if (count > MAX_ANONYMOUS) throw tooManyAnonymous();
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
      limit: viewer.kind === "anonymous" ? limit * ADDRESS_FACTOR : limit,
      windowSeconds: WINDOW_SECONDS,
      message: creates ? "You create too much at once" : "You change too much at once",
    });
  };
}

const tooManyAnonymous = () =>
  new FiledeskError(
    "QUERY_TOO_COMPLEX",
    `Without a sign-in, one request may have ${MAX_ANONYMOUS} mutations: sign in, or send the others in another request.`,
    { limit: MAX_ANONYMOUS },
  );
