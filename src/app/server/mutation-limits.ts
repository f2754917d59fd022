import { FiledeskError } from "../../kernel/errors.js";
import { timesForApiKeys } from "../../modules/identity/api-keys/api-key-limits.js";
import type { ViewerContext } from "../../modules/identity/viewer.js";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import type { AdmitMutation } from "../../platform/graphql/limit-mutations.js";
import { networkKeyOf } from "../../platform/rate-limit/network-key.js";
import { countUse } from "../../platform/rate-limit/rate-limit.repository.js";
import { viewerKey } from "./caller.js";

/** Mutations that create lasting objects. */
const CREATING: ReadonlySet<string> = new Set([
  "addReply",
  "createApiKey",
  "createCompany",
  "createTicket",
  "createUser",
  "createWebhook",
  "inviteGuest",
  "inviteMember",
  "startConversation",
]);

/** Mutations that send text to others, who are notified at once. */
const SENDING: ReadonlySet<string> = new Set(["sendMessage"]);

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
  readonly config: Pick<
    Config,
    "CHANGES_PER_MINUTE" | "CREATIONS_PER_MINUTE" | "MESSAGES_PER_MINUTE" | "API_KEY_RATE_FACTOR"
  >;
}

/**
 * Limits the mutations of a viewer per minute: messages, others that create objects, and all others together. The first mutation
 * of a request with files is not counted, because the request was already counted as an upload before its first byte
 * was read.
 */
export function createMutationLimits({ db, config }: MutationLimits): AdmitMutation<ViewerContext> {
  const messages = {
    policy: "messages",
    limit: config.MESSAGES_PER_MINUTE,
    message: "You send too many messages",
  };
  const creations = {
    policy: "creations",
    limit: config.CREATIONS_PER_MINUTE,
    message: "You create too much at once",
  };
  const changes = {
    policy: "changes",
    limit: config.CHANGES_PER_MINUTE,
    message: "You change too much at once",
  };
  const limitFor = timesForApiKeys(config.API_KEY_RATE_FACTOR);
  const limitOf = (mutation: string) => {
    if (SENDING.has(mutation)) return messages;
    return CREATING.has(mutation) ? creations : changes;
  };
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
    const { limit, ...rate } = limitOf(mutation);
    const by =
      viewer.kind === "anonymous"
        ? { whose: networkKeyOf(clientAddress), limit: limit * ADDRESS_FACTOR }
        : { whose: viewerKey(viewer), limit: limitFor(viewer, limit) };
    await countUse(db, { ...rate, ...by, windowSeconds: WINDOW_SECONDS }, viewer.client?.rateUses);
  };
}

const tooManyAnonymous = () =>
  new FiledeskError(
    "QUERY_TOO_COMPLEX",
    `Without a sign-in, one request may have ${MAX_ANONYMOUS} mutations: sign in, or send the others in another request.`,
    { limit: MAX_ANONYMOUS },
  );
