import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Following, ToldOfMessage } from "../support/follow-messages.js";
import { followMessages } from "../support/follow-messages.js";
import {
  InviteGuestDocument,
  SendMessageDocument,
  StartConversationDocument,
} from "../support/generated/operations.js";
import { createRandom } from "../support/random.js";
import { readEventStream } from "../support/read-event-stream.js";
import { until } from "../support/realtime-server.js";
import type { Person, ServerPair } from "../support/server-pair.js";
import { startServerPair } from "../support/server-pair.js";
import { isCutOff, postGraphQL } from "../support/test-client.js";

/** Set it to the one of a run that failed, to choose the same again. */
const SEED = Number(process.env.REALTIME_SEED ?? randomBytes(4).readUInt32LE());
const MESSAGES = 1_000;
const WRITERS = 8;
const KILLS = 10;
const CUTS = 50;
/** Only who has missed something waits so long. */
const STALLED_MS = 30_000;

let pair: ServerPair;
let agent: Person;
let others: Person[];
beforeAll(async () => {
  pair = await startServerPair();
  const emails = ["agent", "manager", "customer", "customer2"].map((name) => `${name}@acme.test`);
  const people = await Promise.all(emails.map(pair.signIn));
  [agent, ...others] = people as [Person, ...Person[]];
});
afterAll(() => pair?.close());

describe(`two servers on one database (REALTIME_SEED=${SEED})`, () => {
  it("tell all in one order when twenty write at once", async () => {
    const { conversationId, people } = await startTalk();
    const followings = people.map(({ token }, n) =>
      followMessages({ urlOf: () => pair.urls[n % 2]!, token, conversationId }),
    );
    const streams = pair.urls.map((url) =>
      readEventStream(url, `conversation:${conversationId}`, agent.token),
    );
    const writing = Array.from({ length: 20 }, async (_, writer) => {
      const { token } = people[writer % people.length]!;
      for (let n = 0; n < 25; n++)
        await send(pair.urls[writer % 2]!, token, { conversationId, clientId: `${writer}/${n}` });
    });
    await Promise.all(writing);
    const log = await expectWhole(conversationId, 500);
    await expectTold(followings, log);
    await until(() => streams.every(({ events }) => events.length >= log.length));
    for (const { events, stop } of streams) {
      expect(events).toEqual(log.map(({ cursor, event }) => ({ id: cursor, event: event.__typename })));
      await stop();
    }
  });

  it("lose and repeat nothing over 10 kills of servers and 50 cuts of connections", async () => {
    const random = createRandom(SEED);
    const { conversationId, people } = await startTalk();
    const connect = () => pair.urls[Math.floor(random() * 2)]!;
    const followings = [...people, ...people].map(({ token }) =>
      followMessages({ urlOf: connect, token, conversationId }),
    );
    const talk = writeAtRandom({ conversationId, people, random });
    const cuts = cutAtRandom(followings, talk.told, random);
    for (let kill = 0; kill < KILLS; kill++) {
      const share = MESSAGES / (KILLS + 1);
      talk.allow(Math.floor((kill + 1) * share));
      // The rest of its share is written while one of the two is dead.
      const before = Math.floor((kill + random() * 0.7) * share);
      while (talk.acknowledged() < before) await once(talk.told, "acknowledged");
      await pair.killAndStart(Math.floor(random() * 2));
    }
    talk.allow(MESSAGES);
    await talk.done;
    expect(cuts()).toBe(CUTS);
    // Who has everything comes back behind the last event, and is told the next one alone.
    await toldUpTo(followings, (await expectWhole(conversationId, MESSAGES)).at(-1)!);
    for (const following of followings) following.cut();
    await send(connect(), agent.token, { conversationId, clientId: "the last word" });
    const log = await expectWhole(conversationId, MESSAGES + 1);
    await expectTold(followings, log);
    // Each was also cut off by servers that died.
    expect(followings.reduce((sum, { connections }) => sum + connections, 0)).toBeGreaterThan(
      followings.length + CUTS,
    );
  });
});

/** A conversation of four people and two guests. */
async function startTalk(): Promise<{ conversationId: string; people: Person[] }> {
  const [url] = pair.urls;
  const [company] = await pair.sql`select id from companies where slug = 'acme'`;
  const input = { companyId: company!.id, participantIds: others.map(({ id }) => id) };
  const { data } = await postGraphQL(url, StartConversationDocument, { input }, agent.token);
  const conversationId = data!.startConversation.id;
  const guests = ["Room 204", "Room 205"].map(async (displayName) => {
    const invitation = { input: { conversationId, displayName } };
    const invited = await postGraphQL(url, InviteGuestDocument, invitation, agent.token);
    return pair.joinAsGuest(invited.data!.inviteGuest.token);
  });
  return { conversationId, people: [agent, ...others, ...(await Promise.all(guests))] };
}

interface Message {
  readonly conversationId: string;
  readonly clientId: string;
}

/** @throws when the server is killed before it answers, and when it answers with anything but the message */
async function send(url: string, token: string, message: Message): Promise<void> {
  const input = { ...message, body: `This is ${message.clientId}.` };
  const { data, errors } = await postGraphQL(url, SendMessageDocument, { input }, token);
  if (data?.sendMessage.clientId !== message.clientId) throw new Error(`refused: ${JSON.stringify(errors)}`);
}

interface Talk {
  /** Lets the first so many messages be written. */
  allow(messages: number): void;
  acknowledged(): number;
  readonly told: EventEmitter<{ acknowledged: []; allowed: []; error: [unknown] }>;
  readonly done: Promise<unknown>;
}

interface TalkOptions {
  readonly conversationId: string;
  readonly people: readonly Person[];
  readonly random: () => number;
}

/** Several writers at once. Each tries a message again, here or there, until it is acknowledged. */
function writeAtRandom({ conversationId, people, random }: TalkOptions): Talk {
  const told: Talk["told"] = new EventEmitter();
  told.setMaxListeners(WRITERS + 2);
  let [next, allowed, acknowledged] = [0, 0, 0];
  const write = async (writer: number) => {
    const { token } = people[writer % people.length]!;
    while (next < MESSAGES) {
      const clientId = `message ${next++}`;
      while (Number(clientId.slice(8)) >= allowed) await once(told, "allowed");
      for (;;)
        try {
          await send(pair.urls[Math.floor(random() * 2)]!, token, { conversationId, clientId });
          break;
        } catch (error) {
          if (!isCutOff(error)) throw error;
          await pass(10);
        }
      acknowledged += 1;
      told.emit("acknowledged");
    }
  };
  const done = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  done.catch((error: unknown) => told.emit("error", error));
  return {
    allow(messages) {
      allowed = messages;
      told.emit("allowed");
    },
    acknowledged: () => acknowledged,
    told,
    done,
  };
}

/** Cuts connections whenever a message has been acknowledged that was chosen. @returns how many were cut */
function cutAtRandom(
  followings: readonly Following[],
  told: Talk["told"],
  random: () => number,
): () => number {
  const moments = Array.from({ length: CUTS }, () => Math.floor(random() * MESSAGES * 0.95)).sort(
    (one, other) => one - other,
  );
  let [acknowledged, cut] = [0, 0];
  told.on("acknowledged", () => {
    acknowledged += 1;
    // Who has no connection just now cannot be cut: then somebody else is, or a moment later.
    for (let tries = 0; tries < 3 && moments[cut]! <= acknowledged; tries++)
      if (followings[Math.floor(random() * followings.length)]!.cut()) cut += 1;
  });
  return () => cut;
}

/**
 * Numbers and sequence have no holes, and no message is there twice.
 *
 * @returns what everybody has to be told
 */
async function expectWhole(conversationId: string, count: number): Promise<ToldOfMessage[]> {
  const messages = await pair.sql<{ id: string; number: number; client_id: string }[]>`
    select id, number, client_id from chat_messages where conversation_id = ${conversationId} order by number`;
  expect(messages.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
  expect(new Set(messages.map(({ client_id }) => client_id)).size).toBe(count);
  const byId = new Map(messages.map(({ id, number, client_id: clientId }) => [id, { id, number, clientId }]));
  const events = await pair.sql<{ sequence: number; payload: { messageId?: string; guestId?: string } }[]>`
    select sequence::int, payload from events where topic = ${`conversation:${conversationId}`} order by sequence`;
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
  expect(events.length).toBe(count + 2);
  return events.map(({ sequence, payload: { messageId, guestId } }): ToldOfMessage => {
    const __typename = messageId ? "MessageAdded" : "ParticipantJoined";
    const about = messageId ? { message: byId.get(messageId) } : { actor: { id: guestId } };
    return { cursor: String(sequence), event: { __typename, ...about } } as unknown as ToldOfMessage;
  });
}

/** Compares what each has been told with the log, event by event. */
async function expectTold(followings: readonly Following[], log: readonly ToldOfMessage[]): Promise<void> {
  await toldUpTo(followings, log.at(-1)!);
  for (const { told, failure, stop } of followings) {
    await stop();
    expect(failure).toBeNull();
    expect(told).toEqual(log);
  }
}

/** Waits until all have been told of an event, or until nothing has come for so long that nothing will. */
async function toldUpTo(followings: readonly Following[], { cursor }: ToldOfMessage): Promise<void> {
  let [count, since] = [0, Date.now()];
  await until(() => {
    const now = followings.reduce((sum, { told }) => sum + told.length, 0);
    if (now > count) [count, since] = [now, Date.now()];
    const isComplete = followings.every(({ told, failure }) => failure || told.at(-1)?.cursor === cursor);
    return isComplete || Date.now() - since > STALLED_MS;
  });
}
