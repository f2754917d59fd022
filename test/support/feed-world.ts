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
  /** What the source of viewers knew when it was last asked. */
  readonly rank?: string;
}

/** What the made-up channel tells. */
export interface RoomPayload extends EventPayload {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** A feed as a server has it: its own connections, its own ears. */
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
  /** Who is not let in any more, and what is known of viewers. */
  readonly revoked: Set<string>;
  readonly ranks: Map<string, string>;
  /** What the channel throws when it is asked next. */
  readonly faults: Error[];
  /** Everything that any server's database was asked. */
  readonly statements: string[];
  readonly lines: Record<string, unknown>[];
  readonly databaseName: string;
  start(options?: {
    intervals?: Partial<FeedIntervals>;
    change?: (wakes: EventBus) => EventBus;
  }): Promise<FeedServer>;
  /** Something happens in the room, so many times in one transaction. */
  write(
    server: FeedServer,
    type: string,
    payload?: Readonly<Record<string, unknown>>,
    count?: number,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Slow enough that what is asserted came by a wake-up, and not by a look. */
export const NEVER: FeedIntervals = { pollMs: 3_600_000, checkMs: 3_600_000, announceMs: 3_600_000 };

/** One database, on which several feeds in this process stand for as many servers, and a channel that is made up. */
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
    async start({ intervals = {}, change = (wakes: EventBus) => wakes } = {}) {
      const client = connectDatabase(database.url, {
        connections: 10,
        onStatement: (statement) => ground.statements.push(statement),
      });
      const wakes = change(createPostgresBus({ database: client, log }));
      const feed = createEventFeed<Person>({
        db: client.db,
        bus: wakes,
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

/** Each question is a statement, as it would be. */
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

/** Whoever is not revoked may follow every room; `secret` is for ranks alone, and `nothing` is told to nobody. */
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
  isVisibleTo: ({ rank }, told) => (told as RoomPayload).type !== "secret" || rank !== undefined,
  presenceOf: ({ id }) => (id === undefined ? null : { userId: id }),
});

/** Takes what is delivered as it comes. */
export interface Collector {
  readonly stream: AsyncIterableIterator<Delivery<Person>>;
  readonly received: Delivery<Person>[];
  /** How it ended: `null` without an error; undefined while it goes on. */
  ending: unknown;
  /** Begins to take, unless it has. */
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
    if (Date.now() > deadline) throw new Error("it did not happen in time");
    await pass(5);
  }
}

/** Calls `start` so many times, and waits for all. */
export const times = <Result>(count: number, start: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => start(index)));
