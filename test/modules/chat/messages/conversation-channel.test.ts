import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ExecutionResult } from "graphql";
import { parse, subscribe } from "graphql";
import { createSchema } from "../../../../src/app/wiring/schema.js";
import type { Viewer } from "../../../../src/modules/identity/viewer.js";
import type { Channel, Delivery, EventPayload } from "../../../../src/platform/events/feed/channel.js";
import { PRESENCE_CHANGED } from "../../../../src/platform/events/feed/channel.js";
import type { ChatWorld, Speaker } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import {
  AddConversationParticipantDocument,
  CloseConversationDocument,
  DeleteAttachmentDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  PurgeMessageDocument,
  RemoveConversationParticipantDocument,
  ReopenConversationDocument,
  RestoreAttachmentDocument,
  RevokeGuestDocument,
} from "../../../support/generated/operations.js";
import { countStatements } from "../../../support/statement-count.js";
import { textFile } from "../../../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;
let channel: Channel<Viewer>;
const statements: string[] = [];

const viewerOf = ({ token }: Pick<Speaker, "token">) => world.server.services.sessions.viewerOf(token);

/** How many statements some work runs. */
async function counted<Result>(work: () => Promise<Result>): Promise<[Result, number]> {
  let result: Result;
  const count = await countStatements(statements, async () => {
    result = await work();
  });
  return [result!, count];
}

const payloadsOfLog = async (id: string) => channel.toPayloads(id, await world.log(id));
const typesOf = (payloads: readonly (EventPayload | null)[]) =>
  payloads.map((one) => one?.__typename ?? null);

describe("conversation channel", () => {
  beforeAll(async () => {
    world = await startChatWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
    channel = world.server.services.channels.find(({ kind }) => kind === "conversation")!;
  });

  afterAll(() => world?.close());

  it("delivers every event of the log once, with its object as it is now", async () => {
    const { agent, participant, manager } = world.people;
    const { gql } = world.server;
    const id = await world.start({ companyId });
    const guest = await world.guestIn(id);
    const participation = { input: { conversationId: id, userId: participant.id } };
    await gql(AddConversationParticipantDocument, participation, agent.token);
    await gql(RemoveConversationParticipantDocument, participation, agent.token);
    const kept = await world.say(agent, id, "Kept");
    const secret = await world.say(agent, id, "My PIN is 1234");
    await gql(EditMessageDocument, { input: { id: secret.id, body: "My PIN is 4321" } }, agent.token);
    await gql(DeleteMessageDocument, { id: secret.id }, agent.token);
    const purged = await world.say(guest, id, { body: "Rude", files: [textFile()] });
    await gql(PurgeMessageDocument, { id: purged.id }, manager.token);
    const file = (await world.say(guest, id, { files: [textFile()] })).attachments.nodes[0]!;
    await gql(DeleteAttachmentDocument, { id: file.id }, guest.token);
    await gql(RestoreAttachmentDocument, { id: file.id }, guest.token);
    await gql(CloseConversationDocument, { id }, agent.token);
    await gql(ReopenConversationDocument, { id }, agent.token);
    await gql(RevokeGuestDocument, { id: guest.id }, agent.token);
    const payloads = await payloadsOfLog(id);
    expect(typesOf(payloads)).toEqual([
      "ParticipantJoined",
      "ParticipantJoined",
      "ParticipantLeft",
      "MessageAdded",
      "MessageAdded",
      "MessageUpdated",
      "MessageDeleted",
      "MessagePurged",
      "MessagePurged",
      "MessageAdded",
      "AttachmentDeleted",
      "AttachmentRestored",
      "ConversationClosed",
      "ConversationReopened",
      "ParticipantLeft",
    ]);
    expect(payloads[0]).toMatchObject({ actor: { id: guest.id } });
    expect(payloads[1]).toMatchObject({ actor: { id: participant.id } });
    expect(payloads[3]).toMatchObject({ message: { id: kept.id, body: "Kept" } });
    for (const one of payloads.slice(4, 7))
      expect(one).toMatchObject({ message: { id: secret.id, body: "[Message deleted]", isDeleted: true } });
    expect(JSON.stringify(payloads)).not.toContain("PIN");
    expect(payloads[7]).toEqual({ __typename: "MessagePurged", messageId: purged.id });
    expect(payloads[11]).toMatchObject({ attachment: { id: file.id } });
    expect(payloads[12]).toMatchObject({ conversation: { id, closedAt: null } });
  });

  it("reports a file that was restored and deleted again as deleted", async () => {
    const { agent } = world.people;
    const { gql } = world.server;
    const id = await world.start({ companyId });
    const file = (await world.say(agent, id, { body: "See", files: [textFile()] })).attachments.nodes[0]!;
    for (const change of [DeleteAttachmentDocument, RestoreAttachmentDocument, DeleteAttachmentDocument])
      await gql(change as typeof DeleteAttachmentDocument, { id: file.id }, agent.token);
    expect(typesOf(await payloadsOfLog(id)).slice(1)).toEqual(Array(3).fill("AttachmentDeleted"));
  });

  it("delivers many events, and finds the readers among many viewers, in a few statements", async () => {
    const { agent, manager, participant, customer, admin } = world.people;
    const id = await world.start({ companyId, participantIds: [participant.id] });
    const guest = await world.guestIn(id);
    const stranger = await world.guestIn(await world.start({ companyId }));
    for (let index = 0; index < 3; index += 1) await world.say(agent, id, "Hello");
    const log = await world.log(id);
    const [, few] = await counted(() => channel.toPayloads(id, log));
    const [, many] = await counted(() => channel.toPayloads(id, [...log, ...log, ...log]));
    expect(many).toBe(few);
    const people = [agent, manager, participant, customer, admin, guest, stranger];
    const viewers = [...(await Promise.all(people.map(viewerOf))), { kind: "anonymous" } as const];
    const [readers, statementCount] = await counted(() => channel.readers(id, viewers));
    expect(readers).toEqual([true, true, true, false, true, true, false, false]);
    expect(statementCount).toBe(1);
    const [, forGuests] = await counted(() => channel.readers(id, viewers.slice(5)));
    expect(forGuests).toBe(0);
  });

  it("signals who types and who is there to the others", async () => {
    const { agent } = world.people;
    const id = await world.start({ companyId });
    const guest = await world.guestIn(id);
    const typing = await channel.toSignalPayload!(id, { type: "typing", payload: { guestId: guest.id } });
    expect(typing).toMatchObject({ __typename: "TypingStarted", actor: { id: guest.id } });
    const viewers = await Promise.all([agent, guest].map(viewerOf));
    expect(viewers.map((viewer) => channel.isVisibleTo(viewer, typing!))).toEqual([true, false]);
    const presence = await channel.toSignalPayload!(id, {
      type: PRESENCE_CHANGED,
      payload: { ...channel.presenceOf!(viewers[0]!), isOnline: true },
    });
    expect(presence).toMatchObject({
      __typename: "PresenceChanged",
      actor: { id: agent.id },
      isOnline: true,
    });
    expect(viewers.map((viewer) => channel.isVisibleTo(viewer, presence!))).toEqual([false, true]);
    expect(await channel.toSignalPayload!(id, { type: "unknown", payload: { userId: agent.id } })).toBeNull();
  });

  it("gives a hundred subscribers their messages in the statements that one costs", async () => {
    const { agent } = world.people;
    const id = await world.start({ companyId });
    const guest = await world.guestIn(id);
    const asked = await world.say(guest, id, "Towels?");
    await world.say(agent, id, { body: "At once", replyToId: asked.id, files: [textFile()] });
    const schema = await createSchema(world.server.services);
    const document =
      parse(`subscription ($id: ID!) { conversationEvents(conversationId: $id, after: "0") { cursor event {
    __typename ... on MessageAdded { message { body isEdited sender { __typename id name ... on Guest { displayName } }
    replyTo { body } attachments { nodes { fileName url } } } } ... on ParticipantJoined { actor { id name } } } } }`);
    const viewers = await Promise.all([agent, guest].map(viewerOf));

    const receive = async (subscribers: number) => {
      const payloads = await channel.toPayloads(id, await world.log(id));
      const shared = payloads.map(() => ({}));
      const one = async (viewer: Viewer) => {
        async function* deliveries(): AsyncGenerator<Delivery<Viewer>> {
          for (const [index, event] of payloads.entries())
            yield { cursor: String(index + 1), event: event!, viewer, shared: shared[index]! };
        }
        const received: unknown[] = [];
        for await (const delivery of deliveries()) {
          const contextValue = {
            viewer,
            requestId: "",
            baseUrl: "http://desk.test",
            clientAddress: "",
            requestBytes: null,
            shared: delivery.shared,
            subscribe: async () =>
              (async function* () {
                yield delivery;
              })(),
          };
          const stream = await subscribe({ schema, document, variableValues: { id }, contextValue });
          for await (const result of stream as AsyncIterable<ExecutionResult>) received.push(result);
        }
        return received;
      };
      return Promise.all(Array.from({ length: subscribers }, (_, index) => one(viewers[index % 2]!)));
    };

    const [alone, few] = await counted(() => receive(1));
    expect(alone[0]).toMatchObject([
      { data: { conversationEvents: { cursor: "1", event: { __typename: "ParticipantJoined" } } } },
      {
        data: {
          conversationEvents: {
            event: { message: { body: "Towels?", sender: { __typename: "Guest", displayName: "Room 204" } } },
          },
        },
      },
      {
        data: {
          conversationEvents: {
            event: {
              message: {
                body: "At once",
                sender: { __typename: "User", id: agent.id },
                replyTo: { body: "Towels?" },
                attachments: { nodes: [{ fileName: "note.txt" }] },
              },
            },
          },
        },
      },
    ]);
    const [, many] = await counted(() => receive(100));
    expect(many).toBe(few);
  });
});
