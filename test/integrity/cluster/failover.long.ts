import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { Cluster } from "../../support/cluster.js";
import { startCluster } from "../../support/cluster.js";
import { runCommand } from "../../support/command-process.js";
import { startDeskTraffic, UNLIMITED } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import type { PostgresPair } from "../../support/postgres-pair.js";
import { startPostgresPair } from "../../support/postgres-pair.js";

const cleanUps: (() => Promise<unknown>)[] = [];
let pair: PostgresPair;
let cluster: Cluster;
let environment: Record<string, string>;

describe("a desk whose DATABASE_URL names a primary and its standby", () => {
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-failover-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
    pair = await startPostgresPair();
    cleanUps.push(() => pair.close());
    // On a database without a table: one of them migrates it, and one makes the demo.
    environment = { DATABASE_URL: pair.url, FILEDESK_DATA: folder, DEMO_DATA: "true", ...UNLIMITED };
    cluster = await startCluster({ environment, servers: 2, workers: 1 });
    cleanUps.push(() => cluster.close());
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  const isReady = async (url: string) => (await fetch(`${url}/readyz`)).status === 200;

  it("goes on by itself when the primary is killed and the standby promoted, with all that was acknowledged", async () => {
    let turn = 0;
    const urlOf = () => cluster.urls[turn++ % 2]!;
    const traffic = await startDeskTraffic({ urlOf, password: DEMO_PASSWORD });
    const hasGone = async (further: number) => {
      const { uploads, messages } = traffic;
      const [wantedUploads, wantedMessages] = [uploads.length + further, messages.length + further];
      await until(() => uploads.length >= wantedUploads && messages.length >= wantedMessages, 180_000);
    };
    await hasGone(15);
    expect(traffic.failures).toEqual([]);

    await pair.killPrimary();
    await until(async () => !(await isReady(cluster.urls[0]!)), 180_000);
    await pair.promote();
    await until(async () => (await Promise.all(cluster.urls.map(isReady))).every(Boolean), 180_000);
    await hasGone(15);
    await traffic.stop();
    // A command as well finds the host that takes writes, and keeps the password to itself.
    const { stdout } = await runCommand(["doctor"], environment);
    expect(stdout).toContain("notifications: arrive");
    expect(stdout).toContain(new URL(pair.url.replace(/,[^/]*/, "")).host);
    expect(stdout).not.toContain(/:([^:@/]+)@/.exec(pair.url)![1]);

    // Nobody could answer while there was no primary.
    expect(traffic.failures.length).toBeGreaterThan(0);
    const url = new URL(pair.url.replace(/,[^/]*/, ""));
    url.search = "";
    const sql = postgres(url.href, { max: 1, onnotice: () => {} });
    try {
      await traffic.verify(urlOf(), sql);
      // The job queue has gone on as well: nothing that is due waits.
      await until(async () => {
        const [row] = await sql<{ waiting: number }[]>`
          select count(*)::int as waiting from pgboss.job
          where state in ('created', 'retry') and name = 'render-variants' and start_after < now()`;
        return row!.waiting === 0;
      }, 180_000);
    } finally {
      await sql.end();
    }
  });
});
