import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { Cluster } from "../../support/cluster.js";
import { SHARED_SECRETS, startCluster } from "../../support/cluster.js";
import { runCommand } from "../../support/command-process.js";
import { createTestDatabase } from "../../support/database.js";
import { startDeskTraffic, UNLIMITED } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import { hasPgBouncer, startPgBouncer } from "../../support/pgbouncer.js";
import { runToItsEnd } from "../../support/server-process.js";

const cleanUps: (() => Promise<unknown>)[] = [];
let environment: Record<string, string>;
let sql: postgres.Sql;
let cluster: Cluster;

const withPgBouncer = hasPgBouncer() ? describe : describe.skip;

withPgBouncer("a desk behind PgBouncer in transaction mode", () => {
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-pooled-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
    const database = await createTestDatabase("filedesk_demo_template");
    cleanUps.push(() => database.drop());
    const pooler = await startPgBouncer(database.url);
    cleanUps.push(() => pooler.close());
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    cleanUps.push(() => sql.end());
    environment = {
      DATABASE_URL: pooler.url,
      DATABASE_LISTEN_URL: database.url,
      DATABASE_PREPARE: "off",
      FILEDESK_DATA: folder,
      ...SHARED_SECRETS,
      ...UNLIMITED,
    };
    cluster = await startCluster({ environment, servers: 2, workers: 1 });
    cleanUps.push(() => cluster.close());
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it("takes uploads, questions and messages, tells who follows, and runs jobs as soon as they are there", async () => {
    let turn = 0;
    const urlOf = () => cluster.urls[turn++ % 2]!;
    const traffic = await startDeskTraffic({ urlOf, password: DEMO_PASSWORD });
    await until(() => traffic.uploads.length >= 20 && traffic.messages.length >= 20, 180_000);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await traffic.verify(urlOf(), sql);
    // Renderings of the demo's pictures, and whatever was due.
    await until(async () => {
      const [row] = await sql<{ done: number }[]>`
        select count(*)::int as done from pgboss.job where state = 'completed'`;
      return row!.done > 0;
    }, 180_000);
    const output = cluster.output();
    expect(output).not.toMatch(/"level":[456]0/);
    expect(output).not.toMatch(/WARN|ERROR|FATAL/);
  });

  it("leaves nothing in a session that the next client would meet", async () => {
    const through = postgres(environment.DATABASE_URL!, { max: 8, prepare: false, onnotice: () => {} });
    try {
      const sessions = Array.from(
        { length: 8 },
        () =>
          through<{ timeout: string; prepared: number; pid: number }[]>`
          select current_setting('statement_timeout') as timeout, pg_backend_pid() as pid,
            (select count(*)::int from pg_prepared_statements) as prepared
          from pg_sleep(0.2)`,
      );
      const rows = (await Promise.all(sessions)).flat();
      expect(new Set(rows.map(({ pid }) => pid)).size).toBeGreaterThan(1);
      for (const row of rows) expect(row).toMatchObject({ timeout: "0", prepared: 0 });
      const [locks] = await sql`
        select count(*)::int as held from pg_locks
        where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
      expect(locks).toEqual({ held: 0 });
    } finally {
      await through.end();
    }
  });

  it("is migrated and checked by commands, and the doctor notices a listening URL that leads through the pooler", async () => {
    expect(await runCommand(["migrate"], environment)).toMatchObject({ code: 0 });
    const healthy = await runCommand(["doctor"], environment);
    expect(healthy.stdout).toContain("notifications: arrive");
    const { DATABASE_LISTEN_URL: _, ...withoutListenUrl } = environment;
    const deaf = await runCommand(["doctor"], withoutListenUrl);
    expect(deaf.stdout).toMatch(/PROBLEM\s+notifications: .*set DATABASE_LISTEN_URL/);
  });

  it("says which setting is missing when statements are to be prepared", async () => {
    const { code, output } = await runToItsEnd({ ...environment, DATABASE_PREPARE: "on", WORKER: "off" });
    expect(code).toBe(1);
    expect(output).toContain("DATABASE_PREPARE=off");
  });
});
