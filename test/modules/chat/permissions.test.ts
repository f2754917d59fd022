import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { FiledeskError } from "../../../src/kernel/errors.js";
import type { ChatWorld, Speaker } from "../../support/chat-world.js";
import { startChatWorld } from "../../support/chat-world.js";
import type { SaidMessageFragment } from "../../support/generated/operations.js";
import {
  AddConversationParticipantDocument,
  AttachmentDocument,
  CloseConversationDocument,
  ConversationDocument,
  ConversationsDocument,
  DeleteAttachmentDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  InviteGuestDocument,
  MarkReadDocument,
  PurgeMessageDocument,
  RemoveConversationParticipantDocument,
  ReopenConversationDocument,
  RestoreAttachmentDocument,
  RevokeGuestDocument,
  SendMessageDocument,
  StartConversationDocument,
  StartTypingDocument,
  UpdateAttachmentDocument,
} from "../../support/generated/operations.js";
import type { GraphQLAnswer, Query } from "../../support/test-client.js";
import { bearer, codeIn, codeOf, createClient } from "../../support/test-client.js";
import { textFile } from "../../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;
let outsideAgent: Speaker;
let foreignGuest: Speaker;

/** The columns of the table: nobody, two people of elsewhere, then those of the company, then its staff. */
const VIEWERS = [
  "anonymous",
  "foreignGuest",
  "outsideAgent",
  "customer",
  "guest",
  "participant",
  "agent",
  "manager",
  "admin",
] as const;
type Author = "guest" | "participant" | "agent" | "admin";

const SIGNS: Readonly<Record<string, string>> = {
  "✓": "ok",
  U: "UNAUTHENTICATED",
  N: "NOT_FOUND",
  F: "FORBIDDEN",
  "∅": "null",
};

/** What one attempt needs: the conversation is the row's own, shared by its viewers. */
interface Attempt {
  readonly conversationId: string;
  /** Undefined for nobody. */
  readonly token: string | undefined;
  ask<Data, Variables>(query: Query<Data, Variables>, variables: Variables): Promise<GraphQLAnswer<Data>>;
  code<Data, Variables>(query: Query<Data, Variables>, variables: Variables): Promise<string>;
  /** A message of somebody's in the conversation, with a file: the row's own, for one viewer at most may change it. */
  messageBy(author: Author): Promise<SaidMessageFragment>;
  anotherMessageBy(author: Author): Promise<SaidMessageFragment>;
  /** The row's own as well: revoking twice is one thing. */
  anotherGuest(hasJoined: boolean): Promise<string>;
}

type Row = readonly [action: string, codes: string, attempt: (attempt: Attempt) => Promise<string>];

const found = (answer: GraphQLAnswer<unknown>, part: unknown): string =>
  answer.errors || !answer.data ? codeIn(answer) : (part ?? null) === null ? "null" : "ok";

const OWN: Readonly<Record<Author, string>> = {
  guest: "U N N | N ✓ F | F F F",
  participant: "U N N | N F ✓ | F F F",
  agent: "U N N | N F F | ✓ F F",
  admin: "U N N | N F F | F F ✓",
};
/** What is its author's alone, as a row for each author. */
const ofAuthors = (
  action: string,
  attempt: (attempt: Attempt, message: SaidMessageFragment) => Promise<string>,
): Row[] =>
  (Object.keys(OWN) as Author[]).map((author) => [
    `${action} of the ${author}'s`,
    OWN[author],
    async (given) => attempt(given, await given.messageBy(author)),
  ]);

const fileOf = ({ attachments }: SaidMessageFragment) => attachments.nodes[0]!;

/** `anonymous, guest of another conversation, agent of another company | customer, guest, participant | agent, manager, admin` */
const ROWS: readonly Row[] = [
  [
    "start a conversation",
    "U N N | F N F | ✓ ✓ ✓",
    ({ code }) => code(StartConversationDocument, { input: { companyId } }),
  ],
  [
    "read it",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, conversationId }) => {
      const answer = await ask(ConversationDocument, { id: conversationId });
      return found(answer, answer.data?.conversation);
    },
  ],
  [
    "find it in the list",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, conversationId }) => {
      const answer = await ask(ConversationsDocument, { first: 100 });
      return found(
        answer,
        answer.data?.conversations.nodes.find(({ id }) => id === conversationId),
      );
    },
  ],
  [
    "follow it",
    "U N N | N ✓ ✓ | ✓ ✓ ✓",
    async ({ token, conversationId }) => {
      const { channels, sessions } = world.server.services;
      const channel = channels.find(({ kind }) => kind === "conversation")!;
      const viewer = await sessions.viewerOf(token ?? null);
      const readers = await channel.readers(conversationId, [viewer]);
      return channel.admit(viewer, conversationId).then(
        () => (readers[0] ? "ok" : "reads not"),
        (error: FiledeskError) => (readers[0] ? "reads" : error.code),
      );
    },
  ],
  [
    "invite a guest",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, conversationId }) =>
      code(InviteGuestDocument, { input: { conversationId, displayName: "Somebody" } }),
  ],
  [
    "revoke a guest who has come",
    "U N N | N F F | ✓ ✓ ✓",
    async ({ code, anotherGuest }) => code(RevokeGuestDocument, { id: await anotherGuest(true) }),
  ],
  [
    "revoke a guest who has not come",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code, anotherGuest }) => code(RevokeGuestDocument, { id: await anotherGuest(false) }),
  ],
  [
    "add a participant",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, conversationId }) =>
      code(AddConversationParticipantDocument, {
        input: { conversationId, userId: world.people.requester.id },
      }),
  ],
  [
    "remove another participant",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, conversationId }) =>
      code(RemoveConversationParticipantDocument, {
        input: { conversationId, userId: world.people.requester.id },
      }),
  ],
  [
    "leave",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async ({ code, conversationId }) => {
      const { agent, participant } = world.people;
      const input = { conversationId, userId: participant.id };
      const outcome = await code(RemoveConversationParticipantDocument, { input });
      await world.server.gql(AddConversationParticipantDocument, { input }, agent.token);
      return outcome;
    },
  ],
  [
    "close it",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, conversationId }) => code(CloseConversationDocument, { id: conversationId }),
  ],
  [
    "open it again",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, conversationId }) => code(ReopenConversationDocument, { id: conversationId }),
  ],
  [
    "send a message",
    "U N N | N ✓ ✓ | ✓ ✓ ✓",
    ({ code, conversationId }) => code(SendMessageDocument, { input: { conversationId, body: "Hello" } }),
  ],
  [
    "send a message with a file",
    "U N N | N ✓ ✓ | ✓ ✓ ✓",
    ({ token, conversationId }) =>
      codeOf(
        createClient(world.server.url, token).mutate({
          mutation: SendMessageDocument,
          variables: { input: { conversationId, files: [textFile()] } },
        }),
      ),
  ],
  [
    "type",
    "U N N | N ✓ ✓ | ✓ ✓ ✓",
    ({ code, conversationId }) => code(StartTypingDocument, { conversationId }),
  ],
  [
    "mark as read",
    "U N N | N ✓ ✓ | ✓ ✓ ✓",
    async ({ code, conversationId, messageBy }) =>
      code(MarkReadDocument, { input: { conversationId, messageId: (await messageBy("agent")).id } }),
  ],
  ...ofAuthors("edit a message", ({ code }, { id }) =>
    code(EditMessageDocument, { input: { id, body: "No" } }),
  ),
  ...ofAuthors("delete a message", ({ code }, { id }) => code(DeleteMessageDocument, { id })),
  [
    "purge the participant's message",
    "U N N | N F F | F ✓ ✓",
    async ({ code, anotherMessageBy }) =>
      code(PurgeMessageDocument, { id: (await anotherMessageBy("participant")).id }),
  ],
  [
    "read a message's file",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, messageBy }) => {
      const answer = await ask(AttachmentDocument, { id: fileOf(await messageBy("guest")).id });
      return found(answer, answer.data?.attachment);
    },
  ],
  [
    "download a message's file",
    "401 404 404 | 404 200 200 | 200 200 200",
    async ({ token, messageBy }) => {
      const file = fileOf(await messageBy("participant"));
      const url = file.url.split("?", 1)[0]!;
      return String((await fetch(url, { headers: bearer(token) })).status);
    },
  ],
  ...ofAuthors("describe a file", ({ code }, message) =>
    code(UpdateAttachmentDocument, { input: { id: fileOf(message).id, description: "The knob" } }),
  ),
  ...ofAuthors("delete a file", ({ code }, message) =>
    code(DeleteAttachmentDocument, { id: fileOf(message).id }),
  ),
  [
    "restore the guest's file",
    OWN.guest,
    async ({ code, messageBy, conversationId }) => {
      const { id } = fileOf(await messageBy("guest"));
      // Deleted by the first alone; restored by one alone, after whom the others are refused all the same.
      await world.server.gql(DeleteAttachmentDocument, { id }, guests.get(conversationId)?.token);
      return code(RestoreAttachmentDocument, { id });
    },
  ],
];

/** The guest of each row's conversation. */
const guests = new Map<string, Speaker>();

/** Makes something once for each row. */
function oncePerRow<Made>(make: (conversationId: string, of: string) => Promise<Made>) {
  const made = new Map<string, Promise<Made>>();
  return (conversationId: string, of: string): Promise<Made> => {
    const key = `${conversationId} ${of}`;
    const known = made.get(key) ?? make(conversationId, of);
    made.set(key, known);
    return known;
  };
}

const speakersIn = (conversationId: string) => {
  const guest = guests.get(conversationId)!;
  return { ...world.people, guest, foreignGuest, outsideAgent };
};
const newMessage = (conversationId: string, author: string) =>
  world.say(speakersIn(conversationId)[author as Author], conversationId, {
    body: "Yes",
    files: [textFile()],
  });
const messageOf = oncePerRow(newMessage);
const guestOf = oncePerRow(async (conversationId, state) =>
  state === "joined"
    ? (await world.guestIn(conversationId)).id
    : (await world.invite(conversationId)).guest.id,
);

function attemptOf(viewer: (typeof VIEWERS)[number], conversationId: string): Attempt {
  const token = viewer === "anonymous" ? undefined : speakersIn(conversationId)[viewer].token;
  const ask: Attempt["ask"] = (query, variables) => world.server.gql(query, variables, token);
  return {
    conversationId,
    token,
    ask,
    code: async (query, variables) => codeIn(await ask(query, variables)),
    messageBy: (author) => messageOf(conversationId, author),
    anotherMessageBy: (author) => newMessage(conversationId, author),
    anotherGuest: (hasJoined) => guestOf(conversationId, hasJoined ? "joined" : "invited"),
  };
}

describe("permissions", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
    outsideAgent = await world.server.signInAs("agent@globex.test");
    foreignGuest = await world.guestIn(await world.start({ companyId }), "Elsewhere");
  });

  afterAll(() => world?.close());

  it.each(ROWS)("%s: %s", async (_action, codes, attempt) => {
    const expected = codes.split(/[ |]+/).map((sign) => SIGNS[sign] ?? sign);
    expect(expected).toHaveLength(VIEWERS.length);
    const conversationId = await world.start({ companyId, participantIds: [world.people.participant.id] });
    guests.set(conversationId, await world.guestIn(conversationId));
    const outcomes: [string, string][] = [];
    for (const viewer of VIEWERS) outcomes.push([viewer, await attempt(attemptOf(viewer, conversationId))]);
    expect(Object.fromEntries(outcomes)).toEqual(
      Object.fromEntries(VIEWERS.map((viewer, index) => [viewer, expected[index]])),
    );
  });

  it("takes a former participant's hand off what it has written", async () => {
    const { agent, participant } = world.people;
    const conversationId = await world.start({ companyId, participantIds: [participant.id] });
    const { id } = await world.say(participant, conversationId, "Mine");
    const input = { conversationId, userId: participant.id };
    await world.server.gql(RemoveConversationParticipantDocument, { input }, agent.token);
    const edited = await world.server.gql(
      EditMessageDocument,
      { input: { id, body: "Hm" } },
      participant.token,
    );
    expect(codeIn(edited)).toBe("NOT_FOUND");
  });
});
