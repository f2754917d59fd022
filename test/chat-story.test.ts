import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { decodeJwt } from "jose";
import { createTokenIssuer } from "../src/modules/identity/sessions/access-token.js";
import type { ChatWorld } from "./support/chat-world.js";
import { startChatWorld } from "./support/chat-world.js";
import type { SaidMessageFragment } from "./support/generated/operations.js";
import {
  DeleteAttachmentDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  MarkReadDocument,
  PurgeMessageDocument,
  RevokeGuestDocument,
  StartTypingDocument,
} from "./support/generated/operations.js";
import { makeJpeg } from "./support/make-files.js";
import { sha256 } from "./support/post-files.js";
import { until } from "./support/realtime-server.js";
import type { Screen, ToldEdge } from "./support/screen.js";
import { openScreen } from "./support/screen.js";
import { codeIn, codeOf } from "./support/test-client.js";

const AUTH_SECRET = "the secret by which this story's tokens are signed";

let world: ChatWorld;
let companyId: string;

const screens: Screen[] = [];

const screenOf = (...tokens: string[]): Screen => {
  const screen = openScreen(world.server.url, () => (tokens.length > 1 ? tokens.shift()! : tokens[0]!));
  screens.push(screen);
  return screen;
};

/** What an event was, in short. */
function inShort({ event }: ToldEdge): string {
  if ("message" in event) return `${event.__typename} ${event.message.body}`;
  if ("actor" in event) return `${event.__typename} ${event.actor.name}`;
  return event.__typename;
}

const statusOf = async (url: string) => {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
};

const lastMessageOn = ({ told }: Screen): SaidMessageFragment => {
  const event = told.at(-1)!.event;
  if (!("message" in event)) throw new Error(`no message, but ${event.__typename}`);
  return event.message;
};

describe("chat story", () => {
  beforeAll(async () => {
    world = await startChatWorld({ env: { AUTH_SECRET } });
    companyId = await world.newCompany();
  });

  afterAll(async () => {
    for (const screen of screens) screen.close();
    await world?.close();
  });

  it("lets reception, a customer and a guest talk, each of whose screens follows at once", async () => {
    const { agent, participant: customer, manager } = world.people;
    const id = await world.start({
      companyId,
      subject: "Breakfast",
      room: "204",
      participantIds: [customer.id],
    });
    const { token, guest } = await world.invite(id, "Room 204");
    const joined = await world.join(token);
    const reception = screenOf(agent.token);
    const desk = screenOf(customer.token);
    const phone = screenOf(joined.token);
    const all = [reception, desk, phone];
    const expected: string[] = [];
    /** Waits until each of the screens has been told so, behind all that it was told before. */
    const expectTold = async (what: string, watching: readonly Screen[] = all) => {
      expected.push(what);
      await until(() => watching.every(({ told, failure }) => failure || told.length >= expected.length));
      for (const { told, failure } of watching)
        expect([failure, told.map(inShort)]).toEqual([null, expected]);
    };

    // Each reads the conversation, and something is said before they follow it: nothing is missed.
    const opened = await Promise.all(all.map((screen) => screen.open(id)));
    const by = (screen: Screen) => ({ id: "", token: "", client: screen.client });
    await world.say(by(reception), id, "Welcome");
    for (const { follow } of opened) follow({ presence: true });
    await expectTold("MessageAdded Welcome");

    // They see each other, and that somebody writes; nobody is told of themselves.
    const online = (name: string) =>
      expect.objectContaining({ actor: expect.objectContaining({ name }), isOnline: true });
    await until(() => all.every(({ signals }) => signals.length >= 2));
    await phone.client.mutate({ mutation: StartTypingDocument, variables: { conversationId: id } });
    const isTyping = ({ signals }: Screen) => signals.some((event) => event.__typename === "TypingStarted");
    await until(() => isTyping(reception) && isTyping(desk));
    for (const screen of [reception, desk]) expect(screen.signals).toContainEqual(online("Room 204"));
    expect(isTyping(phone)).toBe(false);
    expect(phone.signals).not.toContainEqual(online("Room 204"));

    // The guest shares two photos: each downloads them by URLs of their own.
    const photos = await Promise.all([
      makeJpeg({ width: 640, height: 480 }),
      makeJpeg({ width: 320, height: 240 }),
    ]);
    const files = photos.map((bytes, n) => new File([bytes], `Frühstück ${n}.jpg`, { type: "image/jpeg" }));
    await world.say(by(phone), id, { body: "Is this vegan?", files });
    await expectTold("MessageAdded Is this vegan?");
    const urls = all.map((screen) => lastMessageOn(screen).attachments.nodes.map(({ url }) => url));
    expect(new Set(urls.flat()).size).toBe(6);
    for (const own of urls)
      for (const [n, url] of own.entries()) {
        const response = await fetch(url);
        expect(response.headers.get("content-type")).toBe("image/jpeg");
        expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(photos[n]!));
      }
    const question = lastMessageOn(phone);

    // They answer one another.
    const answer = await world.say(by(reception), id, { body: "It is nott.", replyToId: question.id });
    await expectTold("MessageAdded It is nott.");
    await world.say(by(desk), id, { body: "What a pity", replyToId: answer.id });
    await expectTold("MessageAdded What a pity");
    for (const screen of all) expect(lastMessageOn(screen).replyTo).toMatchObject({ body: "It is nott." });

    // What is unread is counted for each by itself.
    const { client } = phone;
    const unread = async () => (await world.read(joined, id)).unreadCount;
    expect(await unread()).toBe(3);
    const input = { conversationId: id, messageId: answer.id };
    const { data } = await client.mutate({ mutation: MarkReadDocument, variables: { input } });
    expect([data!.markRead.unreadCount, phone.shown(id).unreadCount]).toEqual([1, 1]);

    // Corrected and deleted, each message changes on every screen without being asked for.
    const saidOn = (screen: Screen, messageId: string) =>
      (screen.client.cache.extract() as Record<string, unknown>)[
        `ChatMessage:${messageId}`
      ] as SaidMessageFragment;
    const edit = { input: { id: answer.id, body: "It is not." } };
    await reception.client.mutate({ mutation: EditMessageDocument, variables: edit });
    await expectTold("MessageUpdated It is not.");
    for (const screen of all)
      expect(saidOn(screen, answer.id)).toMatchObject({ body: "It is not.", isEdited: true });
    await reception.client.mutate({ mutation: DeleteMessageDocument, variables: { id: answer.id } });
    await expectTold("MessageDeleted [Message deleted]");
    for (const screen of all) {
      expect(saidOn(screen, answer.id)).toMatchObject({ body: "[Message deleted]", isDeleted: true });
      expect(JSON.stringify(screen.client.cache.extract())).not.toContain("It is not.");
    }

    // A deleted file is gone for everybody, and the other one stays.
    const [deleted] = question.attachments.nodes;
    await client.mutate({ mutation: DeleteAttachmentDocument, variables: { id: deleted!.id } });
    await expectTold("AttachmentDeleted");
    for (const screen of all)
      expect(screen.told.at(-1)!.event).toMatchObject({ attachmentId: deleted!.id, messageId: question.id });
    for (const [gone, stays] of urls)
      expect([await statusOf(gone!), await statusOf(stays!)]).toEqual([410, 200]);

    // A screen whose connection breaks comes back, and misses nothing of what was said meanwhile.
    desk.cut();
    for (const body of ["Anything else?", "Oats", "Fruit"]) {
      await world.say(by(reception), id, body);
      await expectTold(`MessageAdded ${body}`, [reception, phone]);
    }
    await until(() => desk.told.length >= expected.length);
    expect(desk.told.map(inShort)).toEqual(expected);
    expect(desk.connections).toBe(2);
    const cursors = all.map(({ told }) => told.map(({ cursor }) => Number(cursor)));
    expect(cursors[0]).toEqual(
      (await world.log(id)).map(({ sequence }) => sequence).filter((n) => n >= cursors[0]![0]!),
    );
    expect(cursors).toEqual([cursors[0], cursors[0], cursors[0]]);

    // The guest is revoked: what it has open ends at once, and nothing opens again.
    const before = phone.told.length;
    await reception.client.mutate({ mutation: RevokeGuestDocument, variables: { id: guest.id } });
    await until(() => phone.failure !== null);
    expect(await codeOf(Promise.reject(phone.failure))).toBe("UNAUTHENTICATED");
    expect(phone.told.length).toBe(before);
    await expectTold("ParticipantLeft Room 204", [reception, desk]);
    expect(await statusOf(urls[2]![1]!)).toBe(401);
    expect(await statusOf(urls[0]![1]!)).toBe(200);
    expect(await codeOf(world.say(by(phone), id, "Hello?"))).toBe("UNAUTHENTICATED");
    const late = screenOf(joined.token);
    expect(await codeOf(late.open(id))).toBe("UNAUTHENTICATED");

    // A manager removes what the guest has said for good.
    await world.server.gql(PurgeMessageDocument, { id: question.id }, manager.token);
    await expectTold("MessagePurged", [reception, desk]);
    expect(reception.told.at(-1)!.event).toMatchObject({ messageId: question.id });
    expect(await statusOf(urls[0]![1]!)).toBe(404);
  });

  it("goes on with a new token when the one that a connection began with has run out", async () => {
    const { agent, participant: customer } = world.people;
    const id = await world.start({ companyId, participantIds: [customer.id] });
    const issue = createTokenIssuer({ secret: AUTH_SECRET, clock: () => new Date(), lifetimeMs: 2_000 });
    const { sid } = decodeJwt(customer.token);
    const short = (await issue({ userId: customer.id, sessionId: String(sid) })).accessToken;
    // The first goes with requests over HTTP, the second with the first connection.
    const screen = screenOf(customer.token, short, customer.token);
    (await screen.open(id)).follow();
    await world.say(agent, id, "Before");
    await until(() => screen.told.length === 1);
    await until(() => screen.closings.length === 1);
    await world.say(agent, id, "Meanwhile");
    await until(() => screen.told.length === 2);
    expect(screen.told.map(inShort)).toEqual(["MessageAdded Before", "MessageAdded Meanwhile"]);
    expect([screen.closings, screen.connections]).toEqual([[4403], 2]);
    const asked = await world.server.gql(`{ conversation(id: "${id}") { id } }`, {}, short);
    expect(codeIn(asked)).toBe("UNAUTHENTICATED");
  });
});
