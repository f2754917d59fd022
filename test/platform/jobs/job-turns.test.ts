import { setTimeout as pass } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import type { DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import type { Job } from "../../../src/platform/jobs/job.js";
import type { JobQueue } from "../../../src/platform/jobs/job-queue.js";
import { createJobQueue } from "../../../src/platform/jobs/job-queue.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";

interface Piece {
  readonly group: string;
  readonly number: number;
}

let database: TestDatabase;
let client: DatabaseClient;
let queues: JobQueue[];
/** Where jobs are asked for: a queue that runs none. */
let asking: JobQueue;
/** What has run, in its order: the group and how often it was asked for something before. */
let done: Piece[];

const seen: Job["run"] = async (data) => done.push(data as Piece);

async function open({ works = true, run = seen }: { works?: boolean; run?: Job["run"] } = {}) {
  const log = pino({ level: "silent" });
  const queue = createJobQueue({ databaseUrl: database.url, log, works, concurrency: 1 });
  queues.push(queue);
  await queue.open([
    { name: "draw", atOnce: 1, timeoutSeconds: 60, retries: 3, retryAfterSeconds: 1, run },
    { name: "other", atOnce: 1, timeoutSeconds: 60, retries: 0, run: async () => {} },
  ]);
  if (works) await queue.work();
  return queue;
}

const ask = (group: string, count: number, from = 0) =>
  client.db.transaction((tx) => asking.sender.send(tx, pieces(group, count, from)));
const pieces = (group: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ name: "draw", data: { group, number: from + at }, group }));
const numbersOf = (group: string) =>
  done.filter((piece) => piece.group === group).map(({ number }) => number);
const placeOf = (group: string) => done.findIndex((piece) => piece.group === group);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pass(10);
}

describe("job turns", () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    client = connectDatabase(database.url, { connections: 4 });
    queues = [];
    done = [];
    asking = await open({ works: false });
  });

  afterEach(async () => {
    await Promise.all(queues.map((queue) => queue.stop(1_000)));
    await client.close();
    await database.drop();
  });

  it("lets who asks for one thing wait for no more than one of who asked for a hundred", async () => {
    await ask("a", 100);
    await ask("b", 1);
    await open();
    await until(() => done.length === 101);
    expect(placeOf("b")).toBeLessThan(3);
    expect(numbersOf("a")).toEqual([...Array(100).keys()]);
  });

  it("does so in the midst of a long queue, for several at once and with several workers", async () => {
    await ask("a", 100);
    let isAsked = false;
    const run: Job["run"] = async (data) => {
      done.push(data as Piece);
      if (isAsked || done.length < 20) return;
      isAsked = true;
      await ask("b", 3);
      await ask("c", 3);
      await ask("a", 3, 100);
    };
    await Promise.all([open({ run }), open({ run }), open({ run })]);
    await until(() => done.length === 109);
    const others = done.filter(({ group }) => group !== "a");
    const first = done.findIndex(({ group }) => group !== "a");
    expect(first).toBeLessThan(40);
    expect(done.slice(first, first + 15)).toEqual(expect.arrayContaining(others));
    // Two workers may end in another order than they began.
    for (const [place, number] of numbersOf("a").entries()) expect(Math.abs(number - place)).toBeLessThan(6);
  });

  it("lets nobody wait for ever behind others who always come back", async () => {
    await ask("a", 30);
    let others = 0;
    const run: Job["run"] = async (data) => {
      const { group } = data as Piece;
      done.push(data as Piece);
      if (group !== "a" && numbersOf("a").length < 30) await ask(group, 1, ++others);
    };
    await ask("b", 1);
    await ask("c", 1);
    await open({ run });
    await until(() => numbersOf("a").length === 30 || others > 200);
    // Each of the two comes after one or two of the others', and no more often than they.
    expect(others).toBeGreaterThanOrEqual(20);
    expect(others).toBeLessThanOrEqual(62);
  });

  it("tries again what failed, which moves nobody's turn", async () => {
    await ask("a", 10);
    await client.sql`
    update pgboss.job set state = 'retry', retry_count = 1, started_on = now(), start_after = now()
    where name = 'draw' and (data ->> 'number')::int < 3`;
    await client.sql`delete from pgboss.job where name = 'draw' and (data ->> 'number')::int in (3, 4)`;
    await ask("b", 3);
    let hasFailed = false;
    const run: Job["run"] = async (data) => {
      if ((data as Piece).number === 9 && !hasFailed) {
        hasFailed = true;
        throw new Error("no luck");
      }
      done.push(data as Piece);
    };
    await open({ run });
    await until(() => done.length === 11);
    const order = ["a0", "a1", "a2", "a5", "a6", "b0", "a7", "b1", "a8", "b2", "a9"];
    expect(done.map(({ group, number }) => group + number)).toEqual(order);
  });

  it("reads a few rows to find a turn, however many jobs wait", async () => {
    await ask("a", 5_000);
    await client.sql`analyze pgboss.job`;
    const read = await client.db.transaction(async (tx) => {
      await asking.sender.send(tx, [...pieces("b", 2), ...pieces("a", 1, 5_000)]);
      const [row] = await tx.execute<{ read: number }>(sql`
      select sum(seq_tup_read + idx_tup_fetch)::int as read from pg_stat_xact_user_tables where relname = 'job_common'`);
      return row?.read;
    });
    expect(read).toBeLessThan(20);
  });
});
