import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { knownMigrations, migrationsOf, schemaUpTo } from "../../src/platform/database/migrate.js";
import { openTicket, signIn, wrongDownloads } from "../support/backup-drill.js";
import { clockAhead } from "../support/clock-ahead.js";
import type { Cluster } from "../support/cluster.js";
import { SHARED_SECRETS, startCluster } from "../support/cluster.js";
import { runCommand } from "../support/command-process.js";
import { query } from "../support/database.js";
import { startDeskTraffic, UNLIMITED } from "../support/desk-traffic.js";
import { until } from "../support/feed-world.js";
import { CreateTicketDocument } from "../support/generated/operations.js";
import { brokenPromises } from "../support/inventory.js";
import { makePng } from "../support/make-files.js";
import { postFiles } from "../support/post-files.js";
import { present } from "../support/present.js";
import type { Environment } from "../support/server-process.js";
import { spawnService } from "../support/spawned-service.js";
import type { SystemPostgres } from "../support/system-postgres.js";
import { findOldPostgres, startSystemPostgres } from "../support/system-postgres.js";
import { postGraphQL } from "../support/test-client.js";
import { wholeDatabase } from "../support/whole-database.js";

const programs = findOldPostgres();
const withOldPostgres = present("Postgres 15 or 16", programs !== null) ? describe : describe.skip;

const SERVER = { name: "desk_server", password: "of the server" };
const cleanUps: (() => Promise<unknown>)[] = [];
let folder: string;
let cluster: SystemPostgres;

/** A database of the owner's without a table. @returns its URLs for the owner and for servers */
async function newDatabase(name: string) {
  await query(cluster.url, `create database ${name}`);
  const [owner, server] = [new URL(cluster.url), new URL(cluster.url)];
  for (const url of [owner, server]) url.pathname = `/${name}`;
  server.username = SERVER.name;
  server.password = encodeURIComponent(SERVER.password);
  const sql = postgres(owner.href, { max: 2, onnotice: () => {} });
  cleanUps.push(() => sql.end());
  return { name, owner: owner.href, server: server.href, sql };
}
type NewDatabase = Awaited<ReturnType<typeof newDatabase>>;

/** Of servers, which do not know the owner. */
const settingsOf = ({ name, server }: NewDatabase): Environment => ({
  NODE_ENV: "test",
  DATABASE_URL: server,
  FILEDESK_DATA: join(folder, name),
  ...SHARED_SECRETS,
  ...UNLIMITED,
});
const ownerSettingsOf = (database: NewDatabase): Environment => ({
  ...settingsOf(database),
  DATABASE_MIGRATE_URL: database.owner,
});

/** What the tables are made of, and who may do what with them. */
const schemaOf = async ({ sql }: NewDatabase) => [
  ...(await sql`select table_schema, table_name, column_name, column_default, is_nullable, udt_name
    from information_schema.columns where table_schema in ('public', 'drizzle', 'pgboss') order by 1, 2, 3`),
  ...(await sql`select conname, pg_get_constraintdef(oid) as definition from pg_constraint
    where connamespace = 'public'::regnamespace order by 1, 2`),
  ...(await sql`select indexdef from pg_indexes where schemaname in ('public', 'drizzle') order by 1`),
  ...(await sql`select typname, array_agg(enumlabel::text order by enumlabel) as labels from pg_enum
    join pg_type t on t.oid = enumtypid group by 1 order by 1`),
  ...(await sql`select table_name, privilege_type from information_schema.role_table_grants
    where grantee = ${SERVER.name} order by 1, 2`),
];

/** The schema as it was after a migration, with a company and a person. */
async function makeOld({ sql }: NewDatabase, applied: number): Promise<void> {
  const known = knownMigrations().slice(0, applied);
  const statements = schemaUpTo(known.at(-1)!.folderMillis).statements;
  // As migrations run, some of which lock a table.
  await sql.begin(async (tx) => {
    for (const statement of statements) await tx.unsafe(statement);
  });
  for (const { hash, folderMillis } of known)
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
  await sql`insert into companies (id, slug, name) values (gen_random_uuid(), 'old', 'Old')`;
  await sql`insert into users (id, email, name) values (gen_random_uuid(), 'old@example.test', 'Old')`;
}

withOldPostgres("on Postgres 15 or 16, the oldest that is promised, with a server that owns nothing", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-oldest-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
    const place = await mkdtemp(join(tmpdir(), "filedesk-postgres-"));
    cleanUps.push(() => rm(place, { recursive: true, force: true }));
    cluster = await startSystemPostgres({ programs: programs!, folder: place, spawn: spawnService });
    cleanUps.push(() => cluster.stop());
    await query(cluster.superuserUrl, `create role ${SERVER.name} login password '${SERVER.password}'`);
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it("an empty database and every older one become the same", async () => {
    const empty = await newDatabase("empty");
    const { serverVersion } = await migrationsOf(empty.owner);
    expect(serverVersion).toMatch(/^1[56]\./);
    expect(await runCommand(["migrate"], ownerSettingsOf(empty))).toMatchObject({ code: 0 });
    const schema = await schemaOf(empty);
    expect(schema.length).toBeGreaterThan(300);
    const all = knownMigrations().length;
    for (const applied of [1, Math.ceil(all / 2), all - 1]) {
      const old = await newDatabase(`after_${applied}`);
      await makeOld(old, applied);
      const migrated = await runCommand(["migrate", "--json"], ownerSettingsOf(old));
      expect([applied, migrated.code, migrated.stderr]).toEqual([applied, 0, ""]);
      expect(await schemaOf(old)).toEqual(schema);
      expect([...(await old.sql`select email from users`)]).toEqual([{ email: "old@example.test" }]);
    }
  });

  describe("a desk", () => {
    let desk: NewDatabase;
    let settings: Environment;
    let running: Cluster;

    beforeAll(async () => {
      desk = await newDatabase("desk");
      settings = settingsOf(desk);
      expect(await runCommand(["migrate"], ownerSettingsOf(desk))).toMatchObject({ code: 0 });
      expect(await runCommand(["seed"], settings)).toMatchObject({ code: 0 });
      running = await startCluster({ environment: settings, servers: 1, workers: 1 });
    });
    afterAll(() => running?.close());

    it("takes tickets with files and messages, tells who follows, renders pictures, and its audit log is read", async () => {
      const url = running.urls[0]!;
      const traffic = await startDeskTraffic({ urlOf: () => url, password: DEMO_PASSWORD });
      cleanUps.push(() => traffic.abandon());
      await until(() => traffic.uploads.length >= 10 && traffic.messages.length >= 10, 180_000);
      await traffic.stop();
      expect(traffic.failures).toEqual([]);
      await traffic.verify(url, desk.sql);

      const { token, companyId } = await signIn(url, "manager@acme.test");
      const files = [{ name: "lamp.png", bytes: await makePng({ width: 640, height: 480 }) }];
      const input = { companyId, subject: "Lamp", description: "" };
      const { data } = await postFiles(url, { query: CreateTicketDocument, input, files, token });
      await until(async () => {
        const [file] = await desk.sql`select f.variants_status as status from media_files f
          join attachments a on a.media_file_id = f.id where a.ticket_id = ${data!.createTicket.id}`;
        return file?.status === "READY";
      }, 120_000);
      const log = `query ($companyId: ID!) { auditLog(filter: { companyId: $companyId, action: TICKET_OPENED }, first: 5) {
        totalCount nodes { action result } } }`;
      const answer = await postGraphQL<{ auditLog: { totalCount: number; nodes: object[] } }, object>(
        url,
        log,
        { companyId },
        token,
      );
      expect(answer.errors).toBeUndefined();
      expect(answer.data?.auditLog.totalCount).toBeGreaterThan(10);
      expect(answer.data?.auditLog.nodes[0]).toMatchObject({ action: "TICKET_OPENED", result: "SUCCEEDED" });
    });

    it("is purged, and every command of an operator runs as its server's role", async () => {
      const url = running.urls[0]!;
      const agent = await signIn(url, "manager@acme.test");
      const { id } = await openTicket(url, agent, 3);
      const document = "mutation ($id: ID!) { deleteTicket(id: $id) { id } }";
      expect((await postGraphQL(url, document, { id }, agent.token)).errors).toBeUndefined();
      const later = {
        ...settings,
        NODE_OPTIONS: clockAhead({ hours: 24 * 60 }),
        UNFINISHED_UPLOAD_HOURS: "2000",
      };
      const purged = await runCommand(["purge", "--json"], later);
      expect(purged.events.find(({ task }) => task === "purge-deleted")).toMatchObject({
        tickets: 1,
        files: 3,
      });
      for (const args of [["sweep"], ["verify"], ["report"], ["audit", "export"]])
        expect({ args, ...(await runCommand(args, settings)) }).toMatchObject({ args, code: 0 });
      const doctor = await runCommand(["doctor"], ownerSettingsOf(desk));
      expect(doctor.stdout).toMatch(/ok\s+database role: desk_server owns no table/);
      expect([doctor.code, doctor.stdout]).toEqual([0, expect.not.stringContaining("PROBLEM")]);
      expect(await brokenPromises(desk.sql, settings.FILEDESK_DATA!)).toEqual([]);
    });

    it("comes back from its backup as it was, and runs", async () => {
      const { token } = await signIn(running.urls[0]!);
      await running.close();
      expect(running.output()).not.toMatch(/"level":[56]0|ERROR|FATAL|permission denied/);
      const backup = join(folder, "backup");
      expect(await runCommand(["backup", backup], settings)).toMatchObject({ code: 0 });
      const target = await newDatabase("restored");
      const restored = await runCommand(["restore", backup], ownerSettingsOf(target));
      expect([restored.code, restored.stderr]).toEqual([0, ""]);
      expect(await wholeDatabase(target.sql)).toEqual(await wholeDatabase(desk.sql));
      expect(await schemaOf(target)).toEqual(await schemaOf(desk));
      const again = await startCluster({ environment: settingsOf(target), servers: 1, workers: 0 });
      cleanUps.push(() => again.close());
      const files = await target.sql<{ id: string; sha256: string }[]>`
        select a.id, b.sha256 from attachments a join media_files f on f.id = a.media_file_id
        join blobs b on b.id = f.blob_id join companies c on c.id = a.company_id
        where a.deleted_at is null and f.deleted_at is null and c.slug = 'acme' and a.ticket_id is not null`;
      expect(files.length).toBeGreaterThan(10);
      const wanted = files.map(({ id, sha256 }) => [id, sha256] as const);
      expect(await wrongDownloads(again.urls[0]!, token, wanted)).toEqual([]);
    });
  });
});
