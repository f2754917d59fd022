import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import { SHARED_SECRETS, startCluster } from "../../support/cluster.js";
import { runCommand } from "../../support/command-process.js";
import type { TestDatabase } from "../../support/database.js";
import { asServerRole, createTestDatabase, dropDatabase } from "../../support/database.js";
import { startDeskTraffic, UNLIMITED } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import { hasPgBouncer, startPgBouncer } from "../../support/pgbouncer.js";
import { runToItsEnd } from "../../support/server-process.js";

const cleanUps: (() => Promise<unknown>)[] = [];
let database: TestDatabase;
/** Of the servers, which do not know the owner. */
let environment: Record<string, string>;
let owner: postgres.Sql;

const withPgBouncer = hasPgBouncer() ? describe : describe.skip;

const secretsOf = (url: string) => [new URL(url).password, decodeURIComponent(new URL(url).password)];

withPgBouncer("servers whose database role owns no table, behind PgBouncer", () => {
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-role-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
    database = await createTestDatabase("filedesk_demo_template");
    cleanUps.push(() => database.drop());
    const serverUrl = asServerRole(new URL(database.url));
    const pooler = await startPgBouncer(serverUrl);
    cleanUps.push(() => pooler.close());
    owner = postgres(database.url, { max: 1, onnotice: () => {} });
    cleanUps.push(() => owner.end());
    // The template has given it what a server needs.
    await owner`drop owned by filedesk_test_server`;
    environment = {
      DATABASE_URL: pooler.url,
      DATABASE_LISTEN_URL: serverUrl,
      DATABASE_PREPARE: "off",
      FILEDESK_DATA: folder,
      ...SHARED_SECRETS,
      ...UNLIMITED,
    };
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it("say what to do without access, and with a wrong role, and never show a password", async () => {
    const { username } = new URL(database.url);
    const wrong = new URL(database.url);
    wrong.password = "wr%40ng";
    const outputs = [
      await runToItsEnd(environment),
      await runToItsEnd({ ...environment, DATABASE_MIGRATE_URL: wrong.href }),
      await runToItsEnd({ ...environment, DATABASE_MIGRATE_URL: environment.DATABASE_LISTEN_URL! }),
    ].map(({ code, output }) => `${code} ${output}`);
    expect(outputs[0]).toMatch(/^1 The role of DATABASE_URL lacks a right \(.*DATABASE_MIGRATE_URL/);
    expect(outputs[1]).toMatch(/^1 .*"filedesk".*Check user and password in DATABASE_MIGRATE_URL/);
    expect(outputs[2]).toMatch(/^1 /);
    expect(username).toBe("filedesk");
    const secrets = [wrong.href, database.url, environment.DATABASE_LISTEN_URL!].flatMap(secretsOf);
    for (const secret of secrets) expect(outputs.join("\n")).not.toContain(secret);
  });

  it("work when the owner has migrated: uploads, questions, messages, subscriptions, jobs and commands", async () => {
    const migrate = { ...environment, DATABASE_MIGRATE_URL: database.url };
    const migrated = await runCommand(["migrate"], migrate);
    expect(migrated).toMatchObject({ code: 0 });
    expect(migrated.stdout).toContain("The role filedesk_test_server may use the tables");
    expect(await runCommand(["migrate"], migrate)).toMatchObject({ code: 0 });
    const cluster = await startCluster({ environment, servers: 2, workers: 1 });
    try {
      let turn = 0;
      const urlOf = () => cluster.urls[turn++ % 2]!;
      const traffic = await startDeskTraffic({ urlOf, password: DEMO_PASSWORD });
      await until(() => traffic.uploads.length >= 20 && traffic.messages.length >= 20, 180_000);
      await traffic.stop();
      expect(traffic.failures).toEqual([]);
      await traffic.verify(urlOf(), owner);
      await until(async () => {
        const [row] = await owner<{ done: number }[]>`
          select count(*)::int as done from pgboss.job where state = 'completed'`;
        return row!.done > 0;
      }, 180_000);
      for (const args of [["sweep"], ["purge"], ["verify"], ["report"], ["audit", "export"]])
        expect({ args, ...(await runCommand(args, environment)) }).toMatchObject({ args, code: 0 });
      const doctor = await runCommand(["doctor"], migrate);
      expect(doctor.stdout).toMatch(/ok\s+database role: filedesk_test_server owns no table/);
      expect(doctor.stdout).toMatch(/ok\s+migration role: filedesk owns the tables/);
      expect(doctor.code).toBe(0);
    } finally {
      await cluster.close();
    }
    expect(cluster.output()).not.toMatch(/"level":[456]0/);
    expect(cluster.output()).not.toMatch(/WARN|ERROR|FATAL|permission denied/);
  });

  it("are backed up, and restored by the owner into an empty database", async () => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-role-backup-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    expect(await runCommand(["backup", join(folder, "backup")], environment)).toMatchObject({ code: 0 });
    const name = `restored_${process.pid}`;
    await owner.unsafe(`create database ${name}`);
    cleanUps.push(() => dropDatabase(name));
    const inIt = (url: string) => url.replace(/\/\w+$/, `/${name}`);
    const target = {
      ...environment,
      DATABASE_URL: inIt(environment.DATABASE_LISTEN_URL!),
      DATABASE_LISTEN_URL: inIt(environment.DATABASE_LISTEN_URL!),
      FILEDESK_DATA: join(folder, "data"),
    };
    const migrate = { ...target, DATABASE_MIGRATE_URL: inIt(database.url) };
    expect(await runCommand(["restore", join(folder, "backup")], migrate)).toMatchObject({ code: 0 });
    const doctor = await runCommand(["doctor"], target);
    expect(doctor.stdout).toMatch(/ok\s+database role: filedesk_test_server owns no table/);
    expect(doctor.stdout).toMatch(/ok\s+installation/);
  });

  it("own nothing afterwards", async () => {
    const owned = await owner`
      select relname as name from pg_class where relowner = 'filedesk_test_server'::regrole
      union all select proname from pg_proc where proowner = 'filedesk_test_server'::regrole`;
    expect([...owned]).toEqual([]);
  });

  it("do not start with missing migrations, and name them", async () => {
    await owner`delete from drizzle.__drizzle_migrations where id = (select max(id) from drizzle.__drizzle_migrations)`;
    const { code, output } = await runToItsEnd(environment);
    expect(code).toBe(1);
    expect(output).toMatch(/^Migrations are missing \(\d{4}_\w+\).*filedesk_test_server.*filedesk migrate/);
  });
});
