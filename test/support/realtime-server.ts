import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import { buildSchema } from "graphql";
import { MIB } from "../../src/kernel/bytes.js";
import { badUserInput, notFound, unauthenticated } from "../../src/kernel/errors.js";
import { fairTurns } from "../../src/kernel/fair-turns.js";
import type { Delivery, EventPayload, SubscribeRequest } from "../../src/platform/events/feed/channel.js";
import type { RequestContext, SubscriptionContext } from "../../src/platform/graphql/context.js";
import { createPreparationTurns } from "../../src/platform/graphql/documents/preparation-turns.js";
import { registerEventRoute } from "../../src/platform/graphql/subscriptions/event.route.js";
import type { Realtime } from "../../src/platform/graphql/subscriptions/realtime.js";
import { registerSubscriptionStreams } from "../../src/platform/graphql/subscriptions/subscription-streams.js";
import { createSubscriptions } from "../../src/platform/graphql/subscriptions/subscriptions.js";
import { registerWebSocketGateway } from "../../src/platform/graphql/subscriptions/websocket-gateway.js";
import { createStreamSlots } from "../../src/platform/http/connections/connection-slots.js";
import type { UnreadBudget } from "../../src/platform/http/connections/unread-budget.js";
import { createUnreadBudget } from "../../src/platform/http/connections/unread-budget.js";
import { createUrlSigner } from "../../src/platform/http/files/signed-url.js";
import { acceptsOrigin } from "../../src/platform/http/origins.js";
import { createHttpServer } from "../../src/platform/http/server.js";
import { createFaultLog } from "./fault-log.js";

/** A viewer of these tests; the name is the token. */
export interface Person {
  readonly kind: "user";
  readonly id: string;
}

export type Context = RequestContext<Person>;

const person = (id: string): Person => ({ kind: "user", id });

interface FakeSubscriber {
  readonly viewer: Person;
  readonly id: string;
  readonly waiting: (Delivery<Person> | Error | null)[];
  resume: () => void;
}

/** A feed whose events the test delivers. The topic `hidden` is refused. */
export class FakeFeed {
  readonly subscribers = new Set<FakeSubscriber>();
  readonly #log = new Map<string, EventPayload[]>();
  /** Viewers that have changed, by id. */
  readonly renewed = new Map<string, Person>();
  taken = 0;

  async subscribe(viewer: Person, { id, after }: SubscribeRequest, signal: AbortSignal) {
    if (id === "hidden") throw notFound("conversation");
    if (id === "broken") throw new Error("the password of the database is swordfish");
    if (after != null && !/^\d+$/.test(after)) throw badUserInput("This cursor is none.");
    const subscriber: FakeSubscriber = { viewer, id, waiting: [], resume: () => {} };
    if (after != null)
      for (const [index, event] of (this.#log.get(id) ?? []).entries())
        if (index >= Number(after)) subscriber.waiting.push(this.#delivery(subscriber, index + 1, event, {}));
    this.subscribers.add(subscriber);
    signal.addEventListener("abort", () => {
      this.subscribers.delete(subscriber);
      subscriber.waiting.length = 0;
      subscriber.waiting.push(null);
      subscriber.resume();
    });
    return this.#deliveries(subscriber);
  }

  #deliveries(subscriber: FakeSubscriber): AsyncIterableIterator<Delivery<Person>> {
    const end = () => {
      this.subscribers.delete(subscriber);
      return { done: true, value: undefined } as const;
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => {
        while (subscriber.waiting.length === 0)
          await new Promise<void>((resolve) => {
            subscriber.resume = resolve;
          });
        const next = subscriber.waiting.shift();
        if (next instanceof Error || !next) end();
        if (next instanceof Error) throw next;
        if (!next) return end();
        this.taken++;
        return { done: false, value: next };
      },
      return: async () => end(),
    };
  }

  #delivery(
    { viewer }: FakeSubscriber,
    cursor: number,
    event: EventPayload,
    shared: object,
  ): Delivery<Person> {
    return { cursor: String(cursor), event: event, viewer: this.renewed.get(viewer.id) ?? viewer, shared };
  }

  deliver(id: string, event: EventPayload & Readonly<Record<string, unknown>>): void {
    const log = this.#log.get(id) ?? [];
    this.#log.set(id, log);
    log.push(event);
    const shared = {};
    for (const subscriber of this.subscribers)
      if (subscriber.id === id) this.#push(subscriber, this.#delivery(subscriber, log.length, event, shared));
  }

  /** Ends all subscriptions, with an error if access was lost, or without. */
  end(fault: Error | null = null): void {
    for (const subscriber of [...this.subscribers]) this.#push(subscriber, fault);
  }

  #push(subscriber: FakeSubscriber, next: Delivery<Person> | Error | null): void {
    subscriber.waiting.push(next);
    subscriber.resume();
  }
}

const SDL = /* GraphQL */ `
  type Query { hello: String }
  type Mutation { change: String }
  type Subscription {
    conversationEvents(conversationId: ID!, after: String): ConversationEventEdge!
  }
  type ConversationEventEdge { cursor: String!, event: ConversationEvent! }
  union ConversationEvent = MessageAdded | MessagePurged
  type MessageAdded { message: ChatMessage! }
  type MessagePurged { messageId: ID! }
  type ChatMessage { id: ID!, body: String!, sender: Actor!, readBy: String!, broken: String, replies: [ChatMessage!]! }
  union Actor = User | Guest
  type User { id: ID!, name: String! }
  type Guest { id: ID!, displayName: String! }
`;

export interface Seen {
  readonly contexts: Context[];
}

/** A schema of the same shape as ours. */
export function realtimeSchema(seen: Seen): GraphQLSchema {
  const schema = buildSchema(SDL);
  const field = (type: string, name: string) => {
    const found = schema.getType(type);
    if (!found || !("getFields" in found)) throw new Error(`${type} is no object`);
    return found.getFields()[name] as unknown as Record<string, unknown>;
  };
  Object.assign(field("Subscription", "conversationEvents"), {
    subscribe: (
      _root: unknown,
      args: { conversationId: string; after?: string },
      context: SubscriptionContext<Person>,
    ) => context.subscribe({ kind: "conversation", id: args.conversationId, after: args.after }),
    resolve: (delivery: unknown) => delivery,
  });
  field("ChatMessage", "readBy").resolve = (_message: unknown, _args: unknown, context: Context) => {
    seen.contexts.push(context);
    return context.viewer.id;
  };
  field("ChatMessage", "broken").resolve = () => {
    throw new Error("the password of the database is swordfish");
  };
  return schema;
}

export const message = (id: string, body = `text of ${id}`) => ({
  __typename: "MessageAdded",
  message: { id, body, sender: { __typename: "User", id: "u1", name: "Anna" }, replies: [] },
});

const DOCUMENT = /* GraphQL */ `
  subscription Stream($id: ID!, $after: String) {
    delivery: conversationEvents(conversationId: $id, after: $after) {
      cursor
      event { __typename ... on MessageAdded { message { id body } } ... on MessagePurged { messageId } }
    }
  }
`;

export const signer = createUrlSigner({ keys: [{ id: "k1", secret: "a secret of thirty-two characters" }] });

export interface RealtimeServerOptions
  extends Partial<Pick<Realtime<Person>, "heartbeatMs" | "readTimeoutMs" | "authenticate">> {
  readonly introspection?: boolean;
  readonly maxSubscriptions?: number;
  readonly startsPerMinute?: number;
  readonly connections?: number;
  readonly initTimeoutMs?: number;
  readonly sweepMs?: number;
  readonly unreadBytes?: number;
}

export interface RealtimeServer {
  readonly app: FastifyInstance;
  readonly feed: FakeFeed;
  readonly seen: Seen;
  readonly url: string;
  readonly port: number;
  /** The valid tokens, and their expiry. */
  readonly guests: Map<string, Date | null>;
  /** Lines that were logged as errors. */
  readonly faults: readonly string[];
  readonly unread: UnreadBudget;
}

/** A server with all realtime endpoints, a test schema, and a feed whose events the test delivers. */
export async function startRealtimeServer(options: RealtimeServerOptions = {}): Promise<RealtimeServer> {
  const feed = new FakeFeed();
  const seen: Seen = { contexts: [] };
  const guests = new Map<string, Date | null>([
    ["anna", null],
    ["bert", null],
  ]);
  const { log, faults } = createFaultLog();
  const origins = ["https://app.example.com"];
  const unread = createUnreadBudget({ maxBytes: options.unreadBytes ?? 100 * MIB, log });
  const app = await createHttpServer({
    log,
    unread,
    trustProxy: [],
    origins,
    graphqlPath: "/graphql",
    compresses: false,
    drainMs: 30_000,
    minimumRate: { bytesPerSecond: 1, windowMs: 60_000 },
  });
  const { introspection = true, maxSubscriptions = 5, connections = 50 } = options;
  const schema = realtimeSchema(seen);
  const authentication = (id: string, endsAt: Date | null) => ({
    viewer: person(id),
    key: id,
    share: id,
    endsAt,
  });
  const realtime: Realtime<Person> = {
    subscriptions: createSubscriptions({
      schema,
      feed,
      introspection,
      maxDepth: 6,
      maxCost: 100,
      findOperation: null,
      startsPerMinute: options.startsPerMinute ?? 100_000,
      maxAnswerBytes: 8 * MIB,
      log,
      preparations: createPreparationTurns(),
      callerOf: ({ viewer }) => ({ key: viewer.id, isAnonymous: false }),
    }),
    openingTurns: fairTurns({ total: 4, perKey: 2 }),
    slots: createStreamSlots(connections),
    unread,
    heartbeatMs: options.heartbeatMs ?? 60_000,
    ...(options.readTimeoutMs && { readTimeoutMs: options.readTimeoutMs }),
    authenticate:
      options.authenticate ??
      (async (token) =>
        token && guests.has(token) ? authentication(token, guests.get(token) ?? null) : null),
    requestOf: (request) => ({ baseUrl: "http://desk.example.com", clientAddress: request.ip }),
  };
  registerSubscriptionStreams(app, { ...realtime, path: "/graphql", sweepMs: options.sweepMs ?? 20 });
  registerEventRoute(app, {
    ...realtime,
    documents: { conversation: DOCUMENT },
    signer,
    sweepMs: options.sweepMs ?? 20,
    authenticateBySignature: async ({ id }, endsAt) => (id === "gone" ? null : authentication(id, endsAt)),
  });
  registerWebSocketGateway(app, {
    ...realtime,
    path: "/graphql",
    maxSubscriptions,
    acceptsOrigin: acceptsOrigin(origins),
    sweepMs: options.sweepMs ?? 20,
    ...(options.initTimeoutMs && { initTimeoutMs: options.initTimeoutMs }),
  });
  app.route({ url: "/graphql", method: ["GET", "POST"], handler: async () => ({ page: true }) });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { app, feed, seen, url, port, guests, faults, unread };
}

export const accessEnded = () => unauthenticated("Your access has ended.");

/** Waits for a condition; otherwise the test times out. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
