import { setTimeout as pass } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { notFound } from "../../src/kernel/errors.js";
import { newId } from "../../src/kernel/ids.js";
import type { Database, DatabaseClient } from "../../src/platform/database/client.js";
import { connectDatabase } from "../../src/platform/database/client.js";
import type { EventBus } from "../../src/platform/events/bus/event-bus.js";
import { createPostgresBus } from "../../src/platform/events/bus/postgres-bus.js";
import type {
  Channel,
  Delivery,
  EventPayload,
  SubscribeRequest,
} from "../../src/platform/events/feed/channel.js";
import { createEventFeed } from "../../src/platform/events/feed/event-feed.js";
import type { EventFeed, ViewerSource } from "../../src/platform/events/feed/feed.js";
import type { FeedIntervals } from "../../src/platform/events/feed/feed-intervals.js";
import { recordEvent, withEventRecording } from "../../src/platform/events/log/record-event.js";
import { createTestDatabase } from "./database.js";

export interface Person {
  readonly kind: string;
  readonly id?: string;
  /** What the source of viewers returned last. */
  readonly rank?: string;
}

/** The payloads of the test channel. */
export interface RoomPayload extends EventPayload {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** The feed of a server, with connections and an event bus of its own. */
export interface FeedServer {
  readonly feed: EventFeed<Person>;
  readonly db: Database;
  readonly client: DatabaseClient;
  subscribe(
    request?: Partial<SubscribeRequest> & { viewer?: Person; signal?: AbortSignal },
  ): Promise<Collector>;
}

export interface FeedWorld {
  readonly companyId: string;
  readonly room: string;
  readonly topic: string;
  /** Viewers without access, and the ranks of viewers. */
  readonly revoked: Set<string>;
  readonly ranks: Map<string, string>;
  /** Errors that the channel throws next. */
  readonly faults: Error[];
  /** The statements of all servers. */
  readonly statements: string[];
  readonly lines: Record<string, unknown>[];
  readonly databaseName: string;
  start(options?: {
    intervals?: Partial<FeedIntervals>;
    change?: (bus: EventBus) => EventBus;
  }): Promise<FeedServer>;
  /** Records this many events in the room in one transaction. */
  write(
    server: FeedServer,
    type: string,
    payload?: Readonly<Record<string, unknown>>,
    count?: number,
  ): Promise<void>;
  close(): Promise<void>;
}

/** So long that events are only delivered by notifications, never by polling. */
export const NEVER: FeedIntervals = { pollMs: 3_600_000, checkMs: 3_600_000, announceMs: 3_600_000 };

/** One database with several feeds in this process, which stand for servers, and a test channel. */
export async function startFeedWorld(): Promise<FeedWorld> {
  const database = await createTestDatabase();
  const servers: FeedServer[] = [];
  const ground = { room: newId(), companyId: newId(), statements: [] as string[] };
  const lines: Record<string, unknown>[] = [];
  const known = { revoked: new Set<string>(), ranks: new Map<string, string>(), faults: [] as Error[] };
  const log = pino({ level: "debug" }, { write: (line: string) => lines.push(JSON.parse(line)) });

  return {
    ...ground,
    ...known,
    lines,
    topic: `room:${ground.room}`,
    databaseName: new URL(database.url).pathname.slice(1),
    async start({ intervals = {}, change = (bus: EventBus) => bus } = {}) {
      const client = connectDatabase(database.serverUrl, {
        connections: 10,
        onStatement: (statement) => ground.statements.push(statement),
      });
      const bus = change(createPostgresBus({ database: client, log }));
      const feed = createEventFeed<Person>({
        db: client.db,
        bus,
        log,
        intervals: { ...NEVER, ...intervals },
      });
      const db = withEventRecording(client.db, feed.notify);
      await feed.open({ channels: [createRoomChannel(db, known)], viewers: createPeople(db, known) });
      const server: FeedServer = {
        feed,
        db,
        client,
        async subscribe({ viewer = { kind: "user", id: newId() }, signal, ...request } = {}) {
          const asked = { kind: "room", id: ground.room, ...request };
          return collect(await feed.subscribe(viewer, asked, signal ?? new AbortController().signal));
        },
      };
      servers.push(server);
      return server;
    },
    write: ({ db }, type, payload = {}, count = 1) =>
      db.transaction(async (tx) => {
        const event = { topic: `room:${ground.room}`, companyId: ground.companyId, type, payload };
        for (let index = 0; index < count; index += 1) recordEvent(tx, event);
      }),
    async close() {
      for (const { feed, client } of servers) {
        await feed.close();
        await client.close();
      }
      await database.drop();
    },
  };
}

type Known = Pick<FeedWorld, "revoked" | "ranks" | "faults">;

/** A statement for each query of the channel, as in a real one. */
const ask = (db: Database) => db.execute(sql`select 1 as asked`);

const createPeople = (db: Database, { ranks }: Known): ViewerSource<Person> => ({
  async reload(viewers) {
    await ask(db);
    return viewers.map((viewer) => {
      const rank = ranks.get(viewer.id ?? "");
      return rank === undefined ? viewer : { ...viewer, rank };
    });
  },
});

/**
 * All viewers that are not revoked may read every room; `secret` is only visible to viewers with a rank, and `nothing`
 * to nobody.
 */
const createRoomChannel = (db: Database, { revoked, faults }: Known): Channel<Person> => ({
  kind: "room",
  async admit(viewer) {
    await ask(db);
    if (viewer.kind === "anonymous" || revoked.has(viewer.id ?? "") || viewer.rank === "out")
      throw notFound("room");
  },
  async readers(_id, viewers) {
    await ask(db);
    return viewers.map(({ id = "", rank }) => !revoked.has(id) && rank !== "out");
  },
  async toPayloads(_id, events) {
    await ask(db);
    const fault = faults.pop();
    if (fault) throw fault;
    return events.map(({ type, payload }) =>
      type === "nothing" ? null : ({ __typename: "Happened", type, ...payload } as RoomPayload),
    );
  },
  toSignalPayload: async (_id, { type, payload }) =>
    ({ __typename: "Signalled", type, ...payload }) as RoomPayload,
  isVisibleTo: ({ rank }, payload) => (payload as RoomPayload).type !== "secret" || rank !== undefined,
  presenceOf: ({ id }) => (id === undefined ? null : { userId: id }),
});

/** Collects deliveries. */
export interface Collector {
  readonly stream: AsyncIterableIterator<Delivery<Person>>;
  readonly received: Delivery<Person>[];
  /** How the stream ended: `null` without an error; undefined while it is open. */
  ending: unknown;
  /** Starts collecting, unless it has started. */
  run(): Collector;
}

function collect(stream: AsyncIterableIterator<Delivery<Person>>): Collector {
  let isRunning = false;
  const watcher: Collector = {
    stream,
    received: [],
    ending: undefined,
    run() {
      if (!isRunning) void take();
      isRunning = true;
      return watcher;
    },
  };
  async function take() {
    try {
      for await (const delivery of stream) watcher.received.push(delivery);
      watcher.ending = null;
    } catch (error) {
      watcher.ending = error;
    }
  }
  return watcher;
}

export const typesOf = ({ received }: Collector): string[] =>
  received.map(({ event }) => (event as RoomPayload).type);
export const cursorsOf = ({ received }: Collector): number[] => received.map(({ cursor }) => Number(cursor));

/** Waits for a condition. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition was not met in time");
    await pass(5);
  }
}

/** Calls `start` this many times, and waits for all. */
export const times = <Result>(count: number, start: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => start(index)));
