import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type postgres from "postgres";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { BalancedDesk } from "../../support/balanced-desk.js";
import { startBalancedDesk } from "../../support/balanced-desk.js";
import type { DeskTraffic } from "../../support/desk-traffic.js";
import { startDeskTraffic } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import { brokenPromises } from "../../support/inventory.js";
import { hasS3Gateway, makeBucket } from "../../support/s3-gateway.js";

/** Longer on a machine that needs more time for one restart of each process. */
const MINUTES = 2;
const EACH_ONCE = 4;
/** Jobs whose schedules are set to every minute, so that some are due meanwhile. */
const SCHEDULED = ["sweep-uploads", "purge-expired", "retry-renderings"];

const STEPS = [
  ["server", 0, "SIGKILL"],
  ["worker", 0, "SIGTERM"],
  ["server", 1, "SIGTERM"],
  ["worker", 1, "SIGKILL"],
  ["server", 1, "SIGKILL"],
  ["worker", 0, "SIGKILL"],
  ["server", 0, "SIGTERM"],
  ["worker", 1, "SIGTERM"],
] as const;

interface Kill {
  readonly server: number;
  readonly from: number;
  readonly until: number;
}

let desk: BalancedDesk;
let traffic: DeskTraffic;
let keeping: AbortController;

/** One after the other is killed or stopped, and started again, while requests are answered. @returns the kills */
async function restartInTurn(): Promise<Kill[]> {
  const kills: Kill[] = [];
  const deadline = performance.now() + MINUTES * 60_000;
  for (let n = 0; performance.now() < deadline || n < EACH_ONCE; n++) {
    const [kind, index, signal] = STEPS[n % STEPS.length]!;
    const answered = traffic.answered + 20;
    await until(() => traffic.answered >= answered, 180_000);
    const from = performance.now();
    await desk.cluster.restart(kind, index, signal);
    if (kind === "server" && signal === "SIGKILL")
      kills.push({ server: index, from, until: performance.now() });
  }
  return kills;
}

const withS3 = hasS3Gateway() ? describe : describe.skip;

withS3("servers and workers on S3, killed in turn (needs radosgw, ceph-mon and ceph-osd)", () => {
  beforeAll(async () => {
    desk = await startBalancedDesk({ servers: 2, workers: 2, bucket: await makeBucket() });
    const urlOf = () => desk.balancer.url;
    keeping = scheduleEveryMinute(desk.sql);
    traffic = await startDeskTraffic({ urlOf, password: DEMO_PASSWORD, pauseMs: 50 });
  });
  afterAll(async () => {
    keeping?.abort();
    await traffic?.abandon();
    await desk?.close();
  });

  it("fail no request but those on a killed server's sockets, lose and repeat nothing, and run each schedule once", async () => {
    const { balancer, folder, sql } = desk;
    const kills = await restartInTurn();
    await traffic.stop();
    keeping.abort();

    const unexplained = balancer.failures.filter(
      ({ target, at }) =>
        !kills.some((kill) => kill.server === target && at >= kill.from && at <= kill.until),
    );
    expect(unexplained).toEqual([]);
    // What a client saw fail is what the load balancer saw fail.
    expect(traffic.failures.length).toBeLessThanOrEqual(balancer.failures.length);
    await traffic.verify(balancer.url, sql);
    expect(await brokenPromises(sql, folder, { quickly: true })).toEqual([]);

    const runs = await runsByMinute(sql);
    expect(runs.filter(({ count }) => count !== 1)).toEqual([]);
    const made = await jobsMade(sql);
    for (const name of SCHEDULED) {
      const minutes = runs.filter((run) => run.name === name).length;
      expect(minutes).toBeGreaterThanOrEqual(MINUTES - 1);
      // One that is due while the last one still runs is not made.
      const jobs = made.find((job) => job.name === name)?.count ?? 0;
      expect({ name, isOnceAMinute: jobs >= 1 && jobs <= minutes }).toEqual({ name, isOnceAMinute: true });
    }
  });
});

/** Each worker sets the schedules that it knows at its start; this sets those of the test again. */
function scheduleEveryMinute(sql: postgres.Sql): AbortController {
  const stopped = new AbortController();
  const keep = async () => {
    while (!stopped.signal.aborted) {
      await sql`update pgboss.schedule set cron = '* * * * *' where name in ${sql(SCHEDULED)} and cron <> '* * * * *'`;
      await pass(200);
    }
  };
  void keep();
  return stopped;
}

/** How often each schedule was due for each minute, as the queue has recorded it. */
const runsByMinute = (sql: postgres.Sql) => sql<{ name: string; minute: string; count: number }[]>`
  select data ->> 'name' as name, data ->> 'slot' as minute, count(*)::int as count from pgboss.job
  where name = '__pgboss__send-it' and data ->> 'name' in ${sql(SCHEDULED)}
  group by 1, 2 order by 1, 2`;

/** How many jobs that has made. */
const jobsMade = (sql: postgres.Sql) => sql<{ name: string; count: number }[]>`
  select name, count(*)::int as count from pgboss.job where name in ${sql(SCHEDULED)} group by name`;
