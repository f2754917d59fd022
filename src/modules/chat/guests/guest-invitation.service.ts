import { randomBytes } from "node:crypto";
import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import { DAY_MS } from "../../../kernel/clock.js";
import { badUserInput, gone, unauthenticated } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import { lockGuestViewer } from "../../identity/confirmed-viewer.repository.js";
import type { GuestView } from "../../identity/guests/guest.repository.js";
import {
  findGuest,
  findGuestByToken,
  insertGuest,
  updateGuestAsJoined,
  updateGuestAsRevoked,
} from "../../identity/guests/guest.repository.js";
import type { AccessToken } from "../../identity/sessions/access-token.js";
import { hashOfToken } from "../../identity/sessions/refresh-token.js";
import type { Client, GuestViewer, Viewer } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import { changeConversation } from "../conversations/change-conversation.js";
import { recordConversationEvent } from "../conversations/conversation.events.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { lockConversation } from "../conversations/conversation.repository.js";
import { lookUpConversation } from "../conversations/find-conversation.js";
import { auditGuest } from "./guest.audit.js";
import { guestPolicy } from "./guest.policy.js";
import { countLivingGuests, MAX_GUESTS } from "./guest-invitation.repository.js";

const TOKEN_BYTES = 32;
const WINDOW_SECONDS = 60;

export interface GuestInvitationDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** The longest validity of an invitation. */
  readonly guestDays: number;
  /** Template of an invitation's link, with `{token}`; null for the page `/join` of the server. */
  readonly guestUrl: string | null;
  /** From one network address. */
  readonly joinsPerMinute: number;
  /** Gives a guest a short session. */
  readonly issueGuestToken: (guest: Pick<GuestView, "id" | "expiresAt">) => Promise<AccessToken>;
}

export interface Invitation {
  readonly conversationId: string;
  readonly displayName: string;
  readonly expiresAt?: Date | null | undefined;
}

/** The token is returned only here: only its hash is stored. */
export interface GivenInvitation {
  readonly token: string;
  readonly url: string;
  readonly guest: GuestView;
}

export interface GuestJoining extends AccessToken {
  readonly conversation: ConversationView;
  readonly guest: GuestView;
}

export type GuestInvitationService = ReturnType<typeof createGuestInvitationService>;

export const createGuestInvitationService = (deps: GuestInvitationDeps) => ({
  /** @throws BAD_USER_INPUT for an expiry in the past or too late, and when there are too many guests */
  inviteGuest: (viewer: Viewer, input: Invitation, baseUrl: string) =>
    inviteGuest(deps, viewer, input, baseUrl),

  /**
   * Opens a short session for the holder of the link, as often as it is called.
   *
   * @throws UNAUTHENTICATED, in the same words for a token that is unknown, has ended or was revoked; RATE_LIMITED
   */
  joinAsGuest: (token: string, client: Client) => joinAsGuest(deps, token, client),

  /** Ends a guest's access at once. Its messages stay. */
  revokeGuest: (viewer: Viewer, id: string) => revokeGuest(deps, viewer, id),
});

async function inviteGuest(
  deps: GuestInvitationDeps,
  viewer: Viewer,
  input: Invitation,
  baseUrl: string,
): Promise<GivenInvitation> {
  const { db } = deps;
  const { displayName } = input;
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const asked = { viewer, id: input.conversationId, action: "inviteGuestTo" } as const;
  const guest = await changeConversation(db, asked, async (tx, { viewer: by, conversation }) => {
    const { companyId, id: conversationId } = conversation;
    const expiresAt = endOf(deps, input.expiresAt ?? null);
    if ((await countLivingGuests(tx, companyId, conversationId, deps.clock())) >= MAX_GUESTS)
      throw badUserInput(`A conversation takes ${MAX_GUESTS} guests at a time: revoke some.`, {
        limit: MAX_GUESTS,
      });
    const tokenHash = hashOfToken(token);
    const invited = await insertGuest(tx, {
      companyId,
      conversationId,
      displayName,
      tokenHash,
      invitedBy: by.id,
      expiresAt,
    });
    await auditGuest(tx, by, "guest.invited", invited);
    return invited;
  });
  const template = deps.guestUrl ?? `${baseUrl}/join#{token}`;
  return { token, url: template.replaceAll("{token}", token), guest };
}

function endOf({ clock, guestDays }: GuestInvitationDeps, asked: Date | null): Date {
  const now = clock().getTime();
  const latest = new Date(now + guestDays * DAY_MS);
  if (asked === null) return latest;
  if (asked.getTime() <= now) throw badUserInput("An invitation ends in the future.", { field: "expiresAt" });
  if (asked > latest)
    throw badUserInput(`An invitation lasts ${guestDays} days at most: until ${latest.toISOString()}.`, {
      field: "expiresAt",
      limit: latest.toISOString(),
    });
  return asked;
}

async function joinAsGuest(deps: GuestInvitationDeps, token: string, client: Client): Promise<GuestJoining> {
  const { db, clock, issueGuestToken } = deps;
  await countUse(
    db,
    {
      policy: "guest-joins",
      whose: networkKeyOf(client.address),
      limit: deps.joinsPerMinute,
      windowSeconds: WINDOW_SECONDS,
      message: "Too many attempts to join",
    },
    client.rateUses,
  );
  const guest = await findGuestByToken(db, hashOfToken(token), clock());
  const viewer = guest && { ...viewerOf(guest), client };
  const conversation = viewer && (await lookUpConversation(db, viewer, guest.conversationId));
  if (!conversation) throw invitationEnded();
  await db.transaction(async (tx) => {
    const isFirst = await updateGuestAsJoined(tx, guest.companyId, guest.id);
    if ((await lockGuestViewer(tx, guest.id)) === null) throw invitationEnded();
    if (!isFirst) return;
    await auditGuest(tx, viewer, "guest.joined", guest);
    recordConversationEvent(tx, conversation, "participant.joined", { guestId: guest.id });
  });
  const joined = await findGuest(db, tenantsReachedBy(viewer), guest.id);
  return { ...(await issueGuestToken(guest)), conversation, guest: joined ?? guest };
}

const invitationEnded = () => unauthenticated("This invitation is unknown, or has ended.");

const viewerOf = ({ id, displayName: name, companyId, conversationId }: GuestView): GuestViewer => ({
  kind: "guest",
  id,
  name,
  companyId,
  conversationId,
});

async function revokeGuest({ db }: GuestInvitationDeps, viewer: Viewer, id: string): Promise<GuestView> {
  const { guest, viewer: asking } = await requireGuest(db, viewer, id, "revoke");
  const { companyId } = guest;
  await writeAs(db, { viewer: asking, companyId }, async (tx, known) => {
    // The guest is locked before the conversation, in the same order as by a message that the guest sends.
    const revoked = await updateGuestAsRevoked(tx, companyId, id);
    await lockConversation(tx, guest.conversationId);
    const { viewer: by, conversation } = await requireGuest(tx, known, id, "revoke");
    if (revoked === null) return;
    await auditGuest(tx, by, "guest.revoked", revoked);
    // A guest who has never joined was never shown to the others, so no event names it.
    if (revoked.joinedAt !== null)
      recordConversationEvent(tx, conversation, "participant.left", { guestId: revoked.id });
    viewerChanged(tx, revoked.id);
  });
  const revoked = await findGuest(db, { companyIds: [companyId] }, id);
  if (revoked === null) throw gone("guest");
  return revoked;
}

/** @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN */
async function requireGuest(db: Database, viewer: Viewer, id: string, action: "revoke") {
  const guest = isId(id) ? await findGuest(db, tenantsReachedBy(viewer), id) : null;
  const conversation = guest && (await lookUpConversation(db, viewer, guest.conversationId));
  const found = guest && conversation ? { guest, conversation } : null;
  const allowed = authorize(guestPolicy, action, viewer, found);
  return { viewer: allowed.viewer, ...allowed.subject };
}
