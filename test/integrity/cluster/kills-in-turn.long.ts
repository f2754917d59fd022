import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type postgres from "postgres";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { BalancedDesk } from "../../support/balanced-desk.js";
import { startBalancedDesk } from "../../support/balanced-desk.js";
import { startDeskTraffic } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import { brokenPromises } from "../../support/inventory.js";
import { hasS3Gateway, makeBucket } from "../../support/s3-gateway.js";

const MINUTES = 2;
/** Jobs whose schedules are set to every minute, so that some are due meanwhile. */
const SCHEDULED = ["sweep-uploads", "purge-expired", "retry-renderings"];

let desk: BalancedDesk;

const withS3 = hasS3Gateway() ? describe : describe.skip;

withS3(
  "two servers and two workers on S3 that are killed and restarted in turn (needs radosgw, ceph-mon and ceph-osd)",
  () => {
    beforeAll(async () => {
      desk = await startBalancedDesk({ servers: 2, workers: 2, bucket: await makeBucket() });
    });
    afterAll(() => desk?.close());

    it("fail no request but those on a killed server's sockets, lose and repeat nothing, and run each schedule once", async () => {
      const { cluster, balancer, folder, sql } = desk;
      const keeping = scheduleEveryMinute(sql);
      const traffic = await startDeskTraffic({
        urlOf: () => balancer.url,
        password: DEMO_PASSWORD,
        pauseMs: 50,
      });
      const killedAt: { readonly server: number; readonly from: number; until: number }[] = [];
      const deadline = performance.now() + MINUTES * 60_000;
      const steps = [
        ["server", 0, "SIGKILL"],
        ["worker", 0, "SIGTERM"],
        ["server", 1, "SIGTERM"],
        ["worker", 1, "SIGKILL"],
        ["server", 1, "SIGKILL"],
        ["worker", 0, "SIGKILL"],
        ["server", 0, "SIGTERM"],
        ["worker", 1, "SIGTERM"],
      ] as const;
      let restarts = 0;
      for (; performance.now() < deadline; restarts++) {
        const [kind, index, signal] = steps[restarts % steps.length]!;
        const answered = traffic.answered + 20;
        await until(() => traffic.answered >= answered, 180_000);
        const kill = { server: kind === "server" ? index : -1, from: performance.now(), until: Infinity };
        if (signal === "SIGKILL") killedAt.push(kill);
        const code = await cluster.restart(kind, index, signal);
        kill.until = performance.now();
        if (signal === "SIGTERM") expect(code).toBe(0);
      }
      await traffic.stop();
      keeping.abort();

      const unexplained = balancer.failures.filter(
        ({ target, at }) =>
          !killedAt.some((kill) => kill.server === target && at >= kill.from && at <= kill.until),
      );
      expect(unexplained).toEqual([]);
      // What a client saw fail is what the load balancer saw fail.
      expect(traffic.failures.length).toBeLessThanOrEqual(balancer.failures.length);
      expect(restarts).toBeGreaterThanOrEqual(4);
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
  },
);

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
