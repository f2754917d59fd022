import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { clockAhead } from "../../support/clock-ahead.js";
import { runCommand, startCommand } from "../../support/command-process.js";
import { createTestDatabase } from "../../support/database.js";
import { filesUnder } from "../../support/inventory.js";
import { makePdf } from "../../support/make-files.js";
import type { Environment } from "../../support/server-process.js";
import { startServerProcess, startWorkerProcess } from "../../support/server-process.js";
import { postGraphQL } from "../../support/test-client.js";

let folder: string;
let environment: Record<string, string>;
let sql: postgres.Sql;
const cleanUps: (() => Promise<unknown>)[] = [];

const run = (args: readonly string[], more: Environment = {}) =>
  runCommand(args, { ...environment, ...more });

async function manifest(name: string, ...lines: string[]): Promise<string> {
  const path = join(folder, name);
  const header = "source,bucket,company,resourceType,resourceId,fieldName";
  await writeFile(path, [header, ...lines, ""].join("\n"));
  return path;
}

describe("commands", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-commands-"));
    const database = await createTestDatabase();
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    environment = { DATABASE_URL: database.url, FILEDESK_DATA: join(folder, "data"), NODE_ENV: "test" };
    cleanUps.push(
      () => rm(folder, { recursive: true }),
      () => database.drop(),
      () => sql.end(),
    );
    const seeded = await runCommand(["seed", "--json"], environment);
    if (seeded.code !== 0) throw new Error(seeded.stderr);
    await writeFile(join(folder, "a.pdf"), makePdf());
  });

  afterAll(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  describe("a command that fails", () => {
    it("ends with 1 and a plain word when it cannot do its work", async () => {
      const nowhere = { DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/nowhere" };
      const { code, stderr } = await run(["report"], nowhere);
      expect(code).toBe(1);
      expect(stderr).toMatch(/Check DATABASE_URL/);
      expect(stderr).not.toMatch(/secret|\n {4}at /);
      const json = await run(["report", "nowhere", "--json"]);
      expect(json.code).toBe(1);
      expect(json.events).toEqual([
        { event: "error", message: expect.stringContaining("no company nowhere") },
      ]);
      expect((await run(["report"], { PORT: "many" })).stderr).toMatch(/PORT/);
    });
  });

  describe("a password in a URL", () => {
    const PASSWORD = "Hunter2%2Fsalt";
    const withPassword = (url: string) => Object.assign(new URL(url), { password: PASSWORD }).href;
    const nowhere = {
      DATABASE_URL: `postgres://desk:${PASSWORD}@127.0.0.1:1/desk`,
      REDIS_URL: `redis://desk:${PASSWORD}@127.0.0.1:1/0`,
    };
    const loud = { LOG_LEVEL: "trace", DEMO_DATA: "false", PORT: "0" };

    it.each(["serve", "worker", "doctor"])(
      "stands nowhere in what %s prints that cannot sign in",
      async (name) => {
        const wrong = { DATABASE_URL: withPassword(environment.DATABASE_URL ?? "") };
        for (const NODE_ENV of ["test", "production"])
          for (const urls of [wrong, nowhere]) {
            const secrets = { AUTH_SECRET: "a".repeat(32), URL_SIGNING_KEYS: `k1:${"b".repeat(32)}` };
            const { code, stdout, stderr } = await run([name], { ...loud, ...secrets, NODE_ENV, ...urls });
            expect(code).not.toBe(0);
            expect(stdout + stderr).toMatch(/password authentication failed|cannot be reached/);
            expect(stdout + stderr).not.toMatch(/Hunter2/i);
          }
      },
    );

    it("stands nowhere in what a server, a worker and doctor print that cannot reach Redis", async () => {
      const { REDIS_URL } = nowhere;
      const more = { ...environment, ...loud, REDIS_URL };
      const server = await startServerProcess(more);
      const worker = await startWorkerProcess(more);
      const examined = await run(["doctor"], more);
      const endings = [await server.stop(), await worker.stop()];
      expect(endings.map(({ code }) => code)).toEqual([0, 0]);
      expect(endings[0]?.output).toMatch(/Redis is unavailable/);
      expect(examined.stdout).toMatch(/PROBLEM {2}redis/);
      expect(endings.map(({ output }) => output).join() + examined.stdout + examined.stderr).not.toMatch(
        /Hunter2/i,
      );
    });
  });

  describe("filedesk migrate", () => {
    it("says what is missing with 2, applies it with 0, then has nothing to do, and doctor names what is later", async () => {
      const name = `cli_${Date.now()}`;
      const url = new URL(environment.DATABASE_URL ?? "");
      await sql.unsafe(`create database ${name}`);
      url.pathname = `/${name}`;
      const more = { DATABASE_URL: url.href };
      const dry = await run(["migrate", "--dry-run", "--json"], more);
      expect(dry.code).toBe(2);
      expect(dry.events[0]).toMatchObject({ pending: expect.arrayContaining(["0000_start"]), dryRun: true });
      expect((await run(["migrate"], more)).stdout).toContain("applied: 0000_start");
      const again = await run(["migrate", "--dry-run", "--json"], more);
      expect(again.code).toBe(0);
      expect(again.events).toEqual([{ event: "done", pending: [], granted: null, dryRun: true }]);

      const migrated = postgres(url.href, { max: 1 });
      await migrated`
        insert into drizzle.__drizzle_migrations (hash, created_at)
        select 'of a later version', max(created_at) + 1 from drizzle.__drizzle_migrations`;
      await migrated.end();
      const { code, stdout } = await run(["doctor"], more);
      expect(code).toBe(2);
      expect(stdout).toMatch(/PROBLEM {2}schema: 1 of \d+ migrations are those of a later version/);
      await sql.unsafe(`drop database ${name} with (force)`);
    });
  });

  describe("filedesk seed", () => {
    it("is refused in production, unless it is meant", async () => {
      const production = { NODE_ENV: "production", EMBEDDED_SECRETS: "true" };
      const refused = await run(["seed"], production);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("--force");
      expect((await run(["seed", "--force"], production)).code).toBe(0);
    });
  });

  describe("filedesk import", () => {
    it("ends with 0 when all is there, with 2 when some failed, with 1 when it cannot begin", async () => {
      const good = await manifest("good.csv", "a.pdf,ATTACHMENTS,acme,page,1,file");
      const first = await run(["import", good, "--as", "agent@acme.test", "--json"]);
      expect(first.code).toBe(0);
      expect(first.events.map(({ event }) => event)).toEqual(["started", "imported", "done"]);
      const again = await run(["import", good, "--as", "agent@acme.test"]);
      expect(again.code).toBe(0);
      expect(again.stdout.trim().split(/\s*\n\s*/)).toEqual([
        expect.stringMatching(/^entries +1$/),
        expect.stringMatching(/^imported +0$/),
        expect.stringMatching(/^already there +1$/),
        expect.stringMatching(/^failed +0$/),
      ]);
      const bad = await manifest(
        "bad.csv",
        "none.pdf,ATTACHMENTS,acme,page,2,file",
        "http://127.0.0.1:9/x,ATTACHMENTS,acme,page,3,file",
      );
      const failed = await run(["import", bad, "--as", "agent@acme.test"]);
      expect(failed.code).toBe(2);
      expect(failed.stderr).toContain("line 2: none.pdf: There is no such file. (SOURCE_NOT_FOUND)");
      expect(failed.stderr).toContain("--allow-host 127.0.0.1");
      expect((await run(["import", join(folder, "none.csv")])).code).toBe(1);
      expect((await run(["import", join(folder, "a.pdf")])).stderr).toContain("--format");
    });

    it("refuses with 64 to report into the manifest, which stays as it is", async () => {
      const path = await manifest("own.csv", "a.pdf,ATTACHMENTS,acme,page,7,file");
      const before = await readFile(path, "utf8");
      for (const report of [path, join(folder, "data/../own.csv")]) {
        const { code, stderr } = await run(["import", path, "--as", "agent@acme.test", "--report", report]);
        expect(code).toBe(64);
        expect(stderr).toContain("is the manifest itself");
        expect(await readFile(path, "utf8")).toBe(before);
      }
    });

    it("ends with 1 at once when nobody is the uploader", async () => {
      const path = await manifest("nobody.csv", "a.pdf,ATTACHMENTS,acme,page,7,file");
      const { code, events } = await run(["import", path, "--as", "nobody@x.y", "--json"]);
      expect(code).toBe(1);
      expect(events).toEqual([{ event: "error", message: expect.stringContaining("nobody@x.y") }]);
    });

    it("never ends with 0 when it has not seen all the entries that there were", async () => {
      const path = join(folder, "cut.jsonl");
      const server = createServer(async (_request, response) => {
        await truncate(path, 10);
        response.end(makePdf("cut"));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      cleanUps.push(async () => void server.close());
      const { port } = server.address() as AddressInfo;
      const entry = {
        bucket: "ATTACHMENTS",
        company: "acme",
        resourceType: "page",
        resourceId: 8,
        fieldName: "file",
      };
      const lines = [`http://127.0.0.1:${port}/cut.pdf`, "a.pdf"].map((source) =>
        JSON.stringify({ ...entry, source }),
      );
      // More than is read ahead.
      await writeFile(path, lines.join(`\n${`${" ".repeat(999)}\n`.repeat(2_000)}`));
      const args = ["--as", "agent@acme.test", "--allow-host", "127.0.0.1", "--concurrency", "1", "--json"];
      const { code, events } = await run(["import", path, ...args]);
      expect(code).toBe(1);
      expect(events.at(-2)).toMatchObject({ event: "done", entries: 2, imported: 1, failed: 0 });
      expect(events.at(-1)).toMatchObject({ event: "error", message: expect.stringContaining("changed") });
    });

    it("stops at Ctrl-C with 130, and leaves nothing half done", async () => {
      const asked: string[] = [];
      const slow = createServer(({ url = "" }, response) => {
        asked.push(url);
        if (asked.length <= 3) response.end(makePdf(url));
      }).listen(0, "127.0.0.1");
      await once(slow, "listening");
      cleanUps.push(async () => {
        slow.closeAllConnections();
        slow.close();
      });
      const { port } = slow.address() as AddressInfo;
      const lines = Array.from(
        { length: 9 },
        (_, n) => `http://127.0.0.1:${port}/${n}.pdf,ATTACHMENTS,acme,page,1${n},file`,
      );
      const path = await manifest("slow.csv", ...lines);
      const importing = startCommand(
        [
          "import",
          path,
          "--as",
          "agent@acme.test",
          "--allow-host",
          "127.0.0.1",
          "--json",
          "--concurrency",
          "2",
        ],
        environment,
      );
      await importing.printed(4);
      importing.signal("SIGINT");
      const ended = await importing.ended;
      expect(ended.code).toBe(130);
      expect(ended.events.at(-1)).toMatchObject({ event: "interrupted", imported: 3, failed: 0 });
      expect(await filesUnder(join(folder, "data/files/.tmp"))).toEqual([]);
    });
  });

  describe("filedesk report", () => {
    it("tells of each company, or of those that are named", async () => {
      const all = await run(["report", "--json"]);
      expect(all.code).toBe(0);
      expect(all.events).toMatchObject([
        { event: "company", slug: "acme", files: expect.any(Number), byBucket: expect.any(Array) },
        { event: "company", slug: "globex" },
        { event: "done", companies: 2 },
      ]);
      const one = await run(["report", "globex"]);
      expect(one.stdout).toMatch(/^Globex Logistics \(globex\): \d+ files/);
      expect(one.stdout).not.toContain("acme");
    });
  });

  describe("what keeps the files in order", () => {
    it("filedesk verify finds a file that was altered, ends with 2, and marks it unless it is a dry run", async () => {
      const [blob] = await sql<
        { key: string; id: string }[]
      >`select storage_key as key, id from blobs order by size limit 1`;
      const path = join(folder, "data/files", blob?.key ?? "");
      expect((await run(["verify"])).code).toBe(0);
      await writeFile(path, "other bytes");
      const dry = await run(["verify", "--dry-run", "--json"]);
      expect(dry.code).toBe(2);
      expect(dry.events.at(-1)).toMatchObject({ task: "verify-integrity", dryRun: true, altered: 1 });
      const [file] = await sql<{ id: string; name: string; slug: string; size: number }[]>`
      select f.id, f.file_name as name, c.slug, f.size::int from media_files f join companies c on c.id = f.company_id
      where f.blob_id = ${blob?.id ?? ""} order by f.id limit 1`;
      expect(dry.events.filter(({ event }) => event === "finding")).toEqual([
        {
          event: "finding",
          finding: "ALTERED",
          company: file?.slug,
          storageKey: blob?.key,
          size: file?.size,
          mediaFiles: expect.arrayContaining([{ id: file?.id, fileName: file?.name }]),
        },
      ]);
      const integrity = async () =>
        (await sql`select integrity from blobs where id = ${blob?.id ?? ""}`)[0]?.integrity;
      expect(await integrity()).toBe("INTACT");
      const found = await run(["verify"]);
      expect(found.code).toBe(2);
      expect(found.stdout).toMatch(/^altered: /m);
      for (const part of [
        `${file?.name} (file ${file?.id})`,
        `company ${file?.slug}`,
        `stored as ${blob?.key}`,
      ])
        expect(found.stdout).toContain(part);
      expect(await integrity()).toBe("ALTERED");
      // What is missing both tasks miss, and it is told once.
      await rm(path);
      const missing = await run(["verify", "--dry-run", "--json"]);
      expect(missing.code).toBe(2);
      expect(missing.events.filter(({ event }) => event === "finding")).toMatchObject([
        { finding: "MISSING", storageKey: blob?.key },
      ]);
      await writeFile(path, "other bytes");
    });

    it("filedesk render --failed has variants made again that failed, for whatever reason", async () => {
      const [file] = await sql<{ id: string }[]>`
      update media_files set variants_status = 'FAILED' where id = (
        select id from media_files where variants_status in ('PENDING', 'READY') order by id limit 1) returning id`;
      const status = async () =>
        (await sql`select variants_status from media_files where id = ${file?.id ?? ""}`)[0]?.variants_status;
      expect((await run(["render"])).code).toBe(64);
      const dry = await run(["render", "--failed", "--dry-run", "--json"]);
      expect(dry).toMatchObject({
        code: 0,
        events: [{ task: "retry-renderings", dryRun: true, requested: 1 }],
      });
      expect(await status()).toBe("FAILED");
      const { code, stdout } = await run(["render", "--failed"]);
      expect([code, stdout]).toEqual([0, "retry-renderings: 1 requested\n"]);
      expect(await status()).toBe("PENDING");
      const asked = await sql`select id from pgboss.job
      where name = 'render-variants' and state = 'created' and data ->> 'mediaFileId' = ${file?.id ?? ""}`;
      expect(asked.length).toBeGreaterThan(0);
    });

    it("filedesk sweep tells what it saw, and leaves bytes alone whose rows may be on their way", async () => {
      const stored = (await filesUnder(join(folder, "data/files"))).filter((path) => !path.startsWith("."));
      const young = join(folder, "data/files", stored[0] ?? "", "../young.pdf");
      await writeFile(young, "young");
      for (const args of [
        ["sweep", "--dry-run", "--json"],
        ["sweep", "--json"],
      ]) {
        const { code, events } = await run(args);
        expect(code).toBe(0);
        expect(events).toMatchObject([
          { task: "sweep-storage", seen: stored.length + 1, removed: 0, dryRun: args.includes("--dry-run") },
          { task: "sweep-uploads", removed: 0 },
        ]);
      }
      expect(await readFile(young, "utf8")).toBe("young");
      await rm(young);
    });

    it("filedesk sweep removes what lies there for long without a row, and nothing that a row knows", async () => {
      const stored = (await filesUnder(join(folder, "data/files"))).filter((path) => !path.startsWith("."));
      const stray = join(folder, "data/files", stored[0] ?? "", "../stray.pdf");
      const unfinished = join(folder, "data/files/.tmp/left/part");
      await mkdir(join(unfinished, ".."), { recursive: true });
      await writeFile(stray, "left");
      await writeFile(unfinished, "left");
      // When bytes were stored, their ctime says, which cannot be set back: so the command's clock goes ahead.
      const later = { NODE_OPTIONS: clockAhead({ hours: 25 }) };
      const dry = await run(["sweep", "--dry-run", "--json"], later);
      expect(dry.events).toMatchObject([
        { task: "sweep-storage", removed: 1, removedBytes: 4, dryRun: true },
        { task: "sweep-uploads", dryRun: true },
      ]);
      expect(await readFile(stray, "utf8")).toBe("left");
      const key = relative(join(folder, "data/files"), stray);
      const named = await run(["sweep", "--dry-run", "--verbose", "--json"], later);
      expect(named.events[0]).toEqual({ event: "removed", key, size: 4, dryRun: true });
      expect((await run(["sweep", "--dry-run", "--verbose"], later)).stdout).toContain(`\n${key}, 4 bytes\n`);
      const { code, events } = await run(["sweep", "--json"], later);
      expect(code).toBe(0);
      expect(events).toMatchObject([
        { task: "sweep-storage", seen: stored.length + 1, removed: 1, removedBytes: 4, dryRun: false },
        { task: "sweep-uploads", dryRun: false },
      ]);
      const left = (await filesUnder(join(folder, "data/files"))).filter((path) => !path.startsWith("."));
      expect(left.sort()).toEqual(stored.sort());
      await expect(readFile(unfinished)).rejects.toThrow("ENOENT");
      expect((await run(["verify"])).code).toBe(2); // for the altered file of before, and nothing else
    });

    it("filedesk purge removes what was deleted long ago, and nothing in a dry run", async () => {
      const count = async () => (await sql`select count(*)::int as count from media_files`)[0]?.count;
      await sql`delete from media_usages where resource_type = 'page' and resource_id = '1'`;
      await sql`update media_files f set deleted_at = now() - interval '1 year' where not exists
      (select from media_usages u where u.media_file_id = f.id)`;
      const before = await count();
      const dry = await run(["purge", "--dry-run", "--json"]);
      expect(dry.events[0]).toMatchObject({ task: "purge-deleted", files: 1, dryRun: true });
      expect(await count()).toBe(before);
      expect((await run(["purge"])).code).toBe(0);
      expect(await count()).toBe(before - 1);
      expect((await run(["purge", "--orphans", "--company", "acme", "--dry-run"])).code).toBe(0);
    });
  });

  describe("filedesk doctor", () => {
    it("prints what is in force with secrets masked, and ends with 0 when all is well", async () => {
      const more = {
        AUTH_SECRET: "s".repeat(40),
        ADMIN_EMAIL: "root@acme.test",
        ADMIN_PASSWORD: "correct horse battery",
      };
      const { code, stdout, events } = await run(["doctor", "--json"], more);
      expect(code).toBe(0);
      expect(events).toContainEqual({ event: "setting", name: "AUTH_SECRET", value: "(set)", isSet: true });
      expect(events).toContainEqual({ event: "setting", name: "RETENTION_DAYS", value: "14", isSet: false });
      expect(events.filter(({ event }) => event === "bucket")).toHaveLength(7);
      expect(events.filter(({ event }) => event === "check").map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          "node",
          "disk",
          "pictures",
          "ffmpeg",
          "scanner",
          "database",
          "schema",
          "jobs",
          "storage",
        ]),
      );
      const password = new URL(environment.DATABASE_URL ?? "").password;
      for (const secret of ["s".repeat(40), "correct horse", password]) expect(stdout).not.toContain(secret);
    });

    it("ends with 2 when something has to be mended, and changes nothing", async () => {
      const { code, stdout } = await run(["doctor"], {
        DATABASE_URL: "postgres://a:hidden@127.0.0.1:1/b",
        REDIS_URL: "redis://a:hidden@127.0.0.1:1",
      });
      expect(code).toBe(2);
      expect(stdout).toMatch(/PROBLEM {2}database/);
      expect(stdout).toMatch(/PROBLEM {2}redis.*Check REDIS_URL/);
      expect(stdout).not.toContain("hidden");
    });
  });

  describe("user", () => {
    it("makes an account, gives it a link or a password, locks it, and never takes a password as an argument", async () => {
      const email = "olga@example.test";
      expect((await run(["user", "create", email, "Olga Ops"])).code).toBe(0);
      const link = await run(["user", "password", email], { PUBLIC_URL: "https://desk.example.test/" });
      expect(link.stdout).toMatch(/^https:\/\/desk\.example\.test\/reset-password#[\w-]{43}\n$/);
      expect(link.stderr).toMatch(/^Valid once, until \d/);
      const short = await runCommand(["user", "password", email, "--stdin"], environment, "short\n");
      expect([short.code, short.stderr]).toEqual([1, expect.stringContaining("12 to 1024 characters")]);
      const hashOf = async () =>
        (await sql`select password_hash from users where email = ${email}`)[0]?.password_hash;
      expect(await hashOf()).toBeNull();
      const set = await runCommand(
        ["user", "password", email, "--stdin"],
        environment,
        "longer than twelve\n",
      );
      expect([set.code, set.stdout]).toEqual([0, `${email} has a new password; all sessions have ended.\n`]);
      expect(await hashOf()).toMatch(/^\$argon2id\$/);
      expect((await run(["user", "password", email, "longer than twelve"])).code).toBe(64);
      expect((await run(["user", "lock", email])).code).toBe(0);
      const { events } = await run(["user", "list", "--locked", "--json"]);
      expect(events).toMatchObject([{ event: "user", email, deactivatedAt: expect.any(String) }]);
      expect((await run(["token", email])).stderr).toContain("is deactivated");
      expect((await run(["user", "unlock", email])).code).toBe(0);
      expect((await run(["user", "list", "--search", "OLGA"])).stdout).toBe(`${email}  Olga Ops\n`);
      expect((await run(["user", "lock", "nobody@example.test"])).code).toBe(1);
    });
  });

  describe("commands beside a server on the same data folder", () => {
    it("share its embedded database, and leave it running", async () => {
      const data = join(folder, "embedded");
      const server = await startServerProcess({ FILEDESK_DATA: data });
      cleanUps.push(() => server.kill());
      const beside = { FILEDESK_DATA: data };
      const path = await manifest("beside.csv", "a.pdf,ATTACHMENTS,acme,page,1,file");
      expect((await runCommand(["import", path, "--as", "agent@acme.test"], beside)).code).toBe(0);
      expect((await runCommand(["doctor"], beside)).code).toBe(0);
      expect((await runCommand(["verify"], beside)).code).toBe(0);
      const { stdout } = await runCommand(["token", "agent@acme.test"], beside);
      const token = stdout.trim();
      const { data: answer } = await postGraphQL(server.url, "{ viewer { user { email } } }", {}, token);
      expect(answer).toEqual({ viewer: { user: { email: "agent@acme.test" } } });
      await server.stop();
      const after = await runCommand(["token", "agent@acme.test", "--minutes", "5", "--json"], beside);
      expect(after.code).toBe(0);
      // It has started and stopped the database itself, and nothing was in the way.
      expect(after.stderr).toBe("");
      const [minted] = after.events;
      expect(Date.parse(String(minted?.expiresAt)) - Date.now()).toBeLessThanOrEqual(5 * 60_000);
    });
  });
});
