import { setTimeout as pass } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import type { DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import type { Job } from "../../../src/platform/jobs/job.js";
import { listJobCounts } from "../../../src/platform/jobs/job-count.repository.js";
import type { JobQueue } from "../../../src/platform/jobs/job-queue.js";
import { createJobQueue } from "../../../src/platform/jobs/job-queue.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";
import { startScript } from "../../support/start-script.js";

/** Only what never happens makes anybody wait so long. */
const PATIENCE_MS = 150_000;

interface Numbered {
  readonly number: number;
}

let database: TestDatabase;
let client: DatabaseClient;
let queues: JobQueue[];
let lines: Record<string, unknown>[];

const ask = (number: number) => ({ name: "count", data: { number } });

describe("job queue", () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    client = connectDatabase(database.url, { connections: 4 });
    queues = [];
    lines = [];
  });

  afterEach(async () => {
    await Promise.all(queues.map((queue) => queue.stop(1_000)));
    await client.close();
    await database.drop();
  });

  describe("a job", () => {
    it("is there when the transaction that asked for it commits, and not when it rolls back", async () => {
      const { queue, seen } = await startQueue();
      await client.db.transaction((tx) => queue.sender.send(tx, [ask(1), ask(2)]));
      const rolledBack = client.db.transaction(async (tx) => {
        await queue.sender.send(tx, [ask(3)]);
        throw new Error("rolled back");
      });
      await expect(rolledBack).rejects.toThrow("rolled back");
      await client.db.transaction((tx) => queue.sender.send(tx, [ask(4)]));
      await until(() => seen.length === 3);
      expect(seen.sort()).toEqual([1, 2, 4]);
      expect(await countsOf("count")).toMatchObject({ queued: 0, active: 0, failed: 0, dead: 0 });
    });

    it("is picked up at once, and costs its transaction one statement", async () => {
      const { queue, seen } = await startQueue();
      // Right after a job the next look is a second away: one of several that comes sooner has been announced.
      let soonest = Number.POSITIVE_INFINITY;
      for (let asked = 0; asked < 20 && soonest > 500; asked++) {
        const askedAt = performance.now();
        await queue.sender.send(client.db, [ask(0)]);
        await until(() => seen.length > asked);
        soonest = Math.min(soonest, performance.now() - askedAt);
      }
      expect(soonest).toBeLessThan(500);
      seen.length = 0;
      const statements: string[] = [];
      const counting = connectDatabase(database.url, {
        connections: 1,
        onStatement: (statement) => statements.push(statement),
      });
      try {
        await counting.db.transaction((tx) => queue.sender.send(tx, [ask(1), ask(2), ask(3)]));
        await until(() => seen.length === 3);
        expect(statements.filter((statement) => /pgboss/.test(statement))).toHaveLength(1);
      } finally {
        await counting.close();
      }
    });

    it("has its data as it was given, whatever is in it", async () => {
      const data = { text: 'quotes " and \\ and \u2028 and $1', list: [1, { nested: null }], none: null };
      const given: object[] = [];
      const { queue } = await startQueue({
        job: job({ name: "keep", run: async (found) => given.push(found) }),
      });
      await queue.sender.send(client.db, [{ name: "keep", data }]);
      await until(() => given.length === 1);
      expect(given).toEqual([data]);
    });

    it("that nobody runs is refused, and so is what goes with it", async () => {
      const { queue } = await startQueue();
      await expect(
        client.db.transaction((tx) => queue.sender.send(tx, [ask(1), { name: "unknown", data: {} }])),
      ).rejects.toThrow("Queue unknown does not exist");
      expect(await countsOf("count")).toMatchObject({ queued: 0, active: 0 });
    });

    it("that fails is retried after growing delays, and then is a dead letter that is reported and counted", async () => {
      const tries: number[] = [];
      const reported: Numbered[] = [];
      const { queue } = await startQueue({
        job: job({
          name: "fail",
          retries: 2,
          retryAfterSeconds: 1,
          run: async () => {
            tries.push(performance.now());
            throw new Error("no luck");
          },
          onDead: async (data) => {
            reported.push(data as Numbered);
            if (reported.length === 1) throw new Error("not reported yet");
          },
        }),
      });
      await queue.sender.send(client.db, [{ name: "fail", data: { number: 7 } }]);
      await until(() => reported.length === 2);
      expect(tries).toHaveLength(3);
      const [first = 0, second = 0, third = 0] = tries;
      expect(second - first).toBeGreaterThan(400);
      expect(third - second).toBeGreaterThan(900);
      expect(reported).toEqual([{ number: 7 }, { number: 7 }]);
      expect(await countsOf("fail")).toMatchObject({ queued: 0, active: 0, failed: 0, dead: 1 });
      const failures = lines.filter(({ msg }) => msg === "job failed");
      expect(failures.map(({ attempt, retriesLeft }) => [attempt, retriesLeft])).toEqual([
        [1, 2],
        [2, 1],
        [3, 0],
      ]);
      expect(lines).toContainEqual(
        expect.objectContaining({
          level: 50,
          job: "fail",
          tries: 3,
          msg: expect.stringContaining("dead letter"),
        }),
      );
    });

    it("that takes too long is aborted and counts as failed", async () => {
      let aborted = 0;
      const { queue } = await startQueue({
        job: job({
          name: "hang",
          timeoutSeconds: 1,
          run: (_data, signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => {
                aborted += 1;
                reject(new Error("aborted"));
              });
            }),
        }),
      });
      await queue.sender.send(client.db, [{ name: "hang", data: {} }]);
      await until(async () => (await countsOf("hang"))?.dead === 1);
      expect(aborted).toBe(1);
    });

    it("runs as often at once as it may, in all workers never twice", async () => {
      const [runs, most] = [new Map<number, number>(), { own: 0, all: 0 }];
      let all = 0;
      const counting = () => {
        let own = 0;
        return job({
          name: "count",
          atOnce: 3,
          run: async (data) => {
            const { number } = data as Numbered;
            runs.set(number, (runs.get(number) ?? 0) + 1);
            own += 1;
            all += 1;
            most.own = Math.max(most.own, own);
            most.all = Math.max(most.all, all);
            await pass(5);
            own -= 1;
            all -= 1;
          },
        });
      };
      const [{ queue }] = await Promise.all([
        startQueue({ job: counting() }),
        startQueue({ job: counting() }),
      ]);
      const numbers = Array.from({ length: 200 }, (_, number) => number);
      await client.db.transaction((tx) => queue.sender.send(tx, numbers.map(ask)));
      await until(() => runs.size === numbers.length);
      await pass(100);
      expect([...runs.values()].every((count) => count === 1)).toBe(true);
      expect(most).toEqual({ own: 3, all: 6 });
    });

    it("runs no more often at once than the process allows", async () => {
      let [now, most, done] = [0, 0, 0];
      const { queue } = await startQueue({
        concurrency: 1,
        job: job({
          name: "count",
          atOnce: 5,
          run: async () => {
            most = Math.max(most, ++now);
            await pass(5);
            now -= 1;
            done += 1;
          },
        }),
      });
      await queue.sender.send(client.db, [1, 2, 3, 4, 5].map(ask));
      await until(() => done === 5);
      expect(most).toBe(1);
    });
  });

  describe("a job with a time of its own", () => {
    it("is on the schedule, once, however many workers start, and goes when the job goes", async () => {
      const timed = job({ name: "timed", cron: "*/15 * * * *" });
      await Promise.all([startQueue({ job: timed }), startQueue({ job: timed }), startQueue({ job: timed })]);
      const schedule = () => client.sql`select name, cron, timezone from pgboss.schedule`;
      expect(await schedule()).toEqual([{ name: "timed", cron: "*/15 * * * *", timezone: "UTC" }]);
      await startQueue();
      expect(await schedule()).toEqual([]);
    });

    it("is in the queue once, whoever asks for it meanwhile", async () => {
      const { queue } = await startQueue({ job: job({ name: "timed", cron: "0 0 1 1 *" }), works: false });
      for (let i = 0; i < 3; i++) await queue.sender.send(client.db, [{ name: "timed", data: {} }]);
      expect(await countsOf("timed")).toMatchObject({ queued: 1 });
    });

    it("runs after a start when it fell due while no worker ran", async () => {
      let runs = 0;
      const timed = job({ name: "timed", cron: "*/5 * * * *", run: async () => ++runs });
      const { queue } = await startQueue({ job: timed });
      await until(
        async () => (await client.sql`select from pgboss.version where cron_on is not null`).length === 1,
      );
      await queue.stop(1_000);
      await client.sql`update pgboss.version set cron_on = cron_on - interval '2 hours'`;
      await client.sql`update pgboss.schedule set created_on = created_on - interval '3 hours'`;
      const before = runs;
      await startQueue({ job: timed });
      await until(() => runs > before);
    });
  });

  describe("a queue whose database's clock is set back by a day", () => {
    const inADay = "pgboss.job_now() + interval '1 day'";

    it("begins what waits, first tries and retries, and finds the jobs of dead workers, at its start", async () => {
      const { queue } = await startQueue({ works: false });
      await queue.sender.send(client.db, [ask(1), ask(2), ask(3)]);
      await queue.stop(1_000);
      await stampAhead();
      const { seen } = await startQueue();
      await until(() => seen.length === 3);
      expect(seen.sort()).toEqual([1, 2, 3]);
      expect(lines).toContainEqual(
        expect.objectContaining({ level: 40, msg: expect.stringContaining("clock was set back") }),
      );
    });

    it("begins what waits while it runs, and has its intervals and the minutes of recurring jobs back", async () => {
      const { queue, seen } = await startQueue();
      await queue.sender.send(client.db, [ask(1)]);
      await until(() => seen.length === 1);
      await client.sql.begin(async (tx) => {
        await tx.unsafe(
          `update pgboss.job set singleton_on = (${inADay}) at time zone 'UTC' where name = 'count'`,
        );
        await tx.unsafe(`insert into pgboss.job (name, data, start_after, keep_until)
        values ('count', '{"number": 2}', ${inADay}, ${inADay} + interval '1 year')`);
        await tx.unsafe(`update pgboss.version set cron_on = ${inADay}, monitor_backoff_on = ${inADay}`);
        await tx.unsafe(`update pgboss.queue set monitor_claim_on = ${inADay}, maintain_on = ${inADay}`);
      });
      await until(() => seen.length === 2);
      const ahead = () => client.sql`
      select 'instance' from pgboss.version where greatest(cron_on, monitor_backoff_on) > now()
      union all select name from pgboss.queue where greatest(monitor_claim_on, maintain_on) > now()
      union all select name from pgboss.job where singleton_on > now() at time zone 'UTC'`;
      await until(async () => (await ahead()).length === 0);
    });

    it("leaves a retry its wait", async () => {
      const { queue } = await startQueue({ works: false });
      await queue.sender.send(client.db, [ask(1)]);
      await client.sql`update pgboss.job set state = 'retry', start_after = now() + interval '1 hour' where name = 'count'`;
      await startQueue();
      expect(
        await client.sql`select from pgboss.job where start_after > now() + interval '59 minutes'`,
      ).toHaveLength(1);
      expect(await countsOf("count")).toMatchObject({ failed: 1 });
    });

    /** Of three jobs one waits, one is to be tried again, and one belongs to a worker that is dead. */
    async function stampAhead(): Promise<void> {
      const number = "(data ->> 'number')::int";
      await client.sql.unsafe(`
      update pgboss.job set
        created_on = ${inADay}, retry_limit = 1, retry_delay = 1,
        start_after = case when ${number} < 3 then ${inADay} else start_after end,
        state = (array['created', 'retry', 'active']::pgboss.job_state[])[${number}],
        started_on = case when ${number} = 3 then ${inADay} end,
        heartbeat_on = case when ${number} = 3 then ${inADay} end
      where name = 'count'`);
      await client.sql.unsafe(`update pgboss.version set cron_on = ${inADay}`);
      await client.sql.unsafe(`update pgboss.queue set monitor_claim_on = ${inADay}, monitor_on = ${inADay}`);
    }
  });

  describe("a queue that stops", () => {
    it("lets what runs finish, and takes nothing more", async () => {
      const begun: number[] = [];
      const ended: number[] = [];
      const { queue } = await startQueue({
        job: job({
          name: "count",
          run: async (data) => {
            begun.push((data as Numbered).number);
            await pass(300);
            ended.push((data as Numbered).number);
          },
        }),
      });
      await queue.sender.send(client.db, [ask(1)]);
      await queue.sender.send(client.db, [ask(2)]);
      await until(() => begun.length === 1);
      await queue.stop(10_000);
      expect(ended).toEqual(begun);
      expect(await countsOf("count")).toMatchObject({ queued: 1, active: 0 });
    });

    it("does not wait longer than its timeout: jobs that still run are aborted, and retried by the next queue", async () => {
      let aborted = false;
      const hanging = job({
        name: "count",
        retries: 1,
        retryAfterSeconds: 1,
        run: (_data, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              aborted = true;
              reject(new Error("aborted"));
            });
          }),
      });
      const { queue } = await startQueue({ job: hanging });
      await queue.sender.send(client.db, [ask(1)]);
      await until(async () => (await countsOf("count"))?.active === 1);
      const startedAt = performance.now();
      await queue.stop(1_000);
      // Left to itself the queue would wait for half a minute, and the run for ever.
      expect(performance.now() - startedAt).toBeLessThan(25_000);
      expect(aborted).toBe(true);
      const { seen } = await startQueue();
      await until(() => seen.length === 1);
    });
  });

  describe("many processes that start at once", () => {
    it("all find the queues, on a database that had none", async () => {
      await client.sql`drop schema if exists pgboss cascade`;
      const started = await Promise.all(Array.from({ length: 5 }, () => startQueue()));
      for (const [number, { queue }] of started.entries()) await queue.sender.send(client.db, [ask(number)]);
      await until(() => started.flatMap(({ seen }) => seen).length === 5);
    });
  });

  describe("a queue that stops while Postgres goes away", () => {
    it("does not end the process: what its connections still hear is nobody's fault", async () => {
      const script = startScript(STOP_WHILE_TERMINATED, [database.url]);
      expect(await script.nextLine()).toBe("stopped");
      await script.end();
    });
  });
});

/**
 * Opens a queue through a proxy that answers every goodbye as a Postgres does that has just terminated the connection,
 * stops it, and says so. A process of its own: an error that nobody hears ends it.
 */
const STOP_WHILE_TERMINATED = `
import { connect, createServer } from "node:net";
const { createJobQueue } = await import(${JSON.stringify(new URL("../../../dist/platform/jobs/job-queue.js", import.meta.url).href)});
const { pino } = await import("pino");
const url = new URL(process.argv[1]);
const [target, host] = [Number(url.port), url.hostname];
const fields = Buffer.from("SFATAL\\0C57P01\\0Mterminating connection due to unexpected postmaster exit\\0\\0");
const length = Buffer.alloc(4);
length.writeInt32BE(fields.length + 4);
const terminated = Buffer.concat([Buffer.from("E"), length, fields]);
const server = createServer((socket) => {
  const onward = connect(target, host);
  for (const one of [socket, onward]) one.on("error", () => {}).on("close", () => { socket.destroy(); onward.destroy(); });
  onward.pipe(socket);
  socket.on("data", (bytes) => {
    const isGoodbye = bytes.length === 5 && bytes[0] === 0x58;
    if (isGoodbye) socket.write(terminated, () => onward.end());
    else onward.write(bytes);
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
url.port = String(server.address().port);
const log = pino({ level: "silent" });
const queue = createJobQueue({ databaseUrl: url.href, log, works: true, concurrency: 1 });
await queue.open([]);
await queue.work();
await queue.stop(1_000);
console.log("stopped");
process.exit();
`;

const job = (own: Partial<Job> & { name: string }): Job => ({
  atOnce: 1,
  timeoutSeconds: 60,
  retries: 0,
  run: async () => {},
  ...own,
});

/** A queue with one job, by default one that writes down the numbers that it is given. */
async function startQueue({
  job: own,
  works = true,
  concurrency = 10,
}: {
  job?: Job;
  works?: boolean;
  concurrency?: number;
} = {}) {
  const seen: number[] = [];
  const counting = job({ name: "count", run: async (data) => seen.push((data as Numbered).number) });
  const log = pino({ level: "debug" }, { write: (line) => void lines.push(JSON.parse(line)) });
  const queue = createJobQueue({ databaseUrl: database.url, log, works, concurrency });
  queues.push(queue);
  await queue.open([own ?? counting]);
  if (works) await queue.work();
  return { queue, seen };
}

async function countsOf(name: string) {
  return (await listJobCounts(client.db)).find((count) => count.name === name);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not happen in time");
    await pass(10);
  }
}
