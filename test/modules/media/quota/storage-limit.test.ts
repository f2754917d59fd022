import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { createTestDatabase, query } from "../../../support/database.js";
import { eventsOf } from "../../../support/event-log.js";
import {
  DeleteMediaFileDocument,
  ReplaceMediaFileDocument,
  SetStorageLimitDocument,
  StorageReportDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { purgeDeletedFiles } from "../../../support/purge-deleted-files.js";
import { stageFile, startUpload } from "../../../support/staged-uploads.js";
import { codeIn, codeOf, failureOf } from "../../../support/test-client.js";
import type { Part, TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

/** A text of so many bytes that no other has. */
let made = 0;
const ofBytes = (bytes: number) => fileOf("a.txt", `${++made} `.padEnd(bytes, "x"));

const upload = (file: File, by: Part = "manager") => uploadMedia(world.people[by], { companyId, file });

const limitTo = (storageLimitBytes: number | null, by: Part = "admin") =>
  world.server.gql(
    SetStorageLimitDocument,
    { input: { companyId, storageLimitBytes } },
    world.people[by].token,
  );

const figures = async () => {
  const { data } = await world.server.gql(StorageReportDocument, { companyId }, world.people.manager.token);
  const { usedBytes, limitBytes, leftBytes, storedBytes } = data!.storageReport;
  expect(storedBytes).toBe(usedBytes);
  return { used: usedBytes, limit: limitBytes, left: leftBytes };
};

const remove = async (id: string) => {
  await world.server.gql(DeleteMediaFileDocument, { id }, world.people.manager.token);
};

const thresholds = async () =>
  (await eventsOf(world.server, `media:${companyId}`))
    .filter(({ type }) => type === "company.storage-threshold")
    .map(({ payload }) => payload);

describe("storage limit", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });
  beforeEach(async () => {
    companyId = await world.newCompany();
  });
  afterEach(async () => {
    const { database, dataFolder } = world.server;
    const lives = /lives and has no usage/;
    expect((await brokenPromises(database.sql, dataFolder)).filter((text) => !lives.test(text))).toEqual([]);
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
  });
  afterAll(() => world?.close());

  it("takes exactly as many files as there is room for, when twenty uploads race for it", async () => {
    await upload(ofBytes(1_000));
    await limitTo(6_500);
    const answers = await Promise.all(Array.from({ length: 20 }, () => codeOf(upload(ofBytes(1_000)))));
    expect(answers.filter((code) => code === "ok")).toHaveLength(5);
    expect(answers.filter((code) => code === "QUOTA_EXCEEDED")).toHaveLength(15);
    expect(await figures()).toEqual({ used: 6_000, limit: 6_500, left: 500 });
    await upload(ofBytes(500));
    expect(await figures()).toEqual({ used: 6_500, limit: 6_500, left: 0 });
  });

  it("says what is taken and left, and what to do", async () => {
    await upload(ofBytes(700));
    await limitTo(1_000);
    expect(await failureOf(upload(ofBytes(400)))).toMatchObject({
      message: expect.stringMatching(/300 bytes of it are left\. Delete files/),
      extensions: { code: "QUOTA_EXCEEDED", status: 409, limit: 1_000, used: 700, left: 300, actual: 400 },
    });
  });

  it("counts bytes that the company has already once, and takes them where others find no room", async () => {
    const file = ofBytes(1_000);
    await upload(file);
    await limitTo(1_900);
    await upload(file);
    expect(await figures()).toEqual({ used: 1_000, limit: 1_900, left: 900 });
    expect(await codeOf(upload(ofBytes(1_000)))).toBe("QUOTA_EXCEEDED");
  });

  it("counts versions and deleted files until their purge, which gives their space back", async () => {
    const { id } = await upload(ofBytes(600));
    const { client } = world.people.manager;
    const input = { id, file: ofBytes(400) };
    await client.mutate({ mutation: ReplaceMediaFileDocument, variables: { input } });
    await limitTo(1_200);
    await remove(id);
    expect((await figures()).used).toBe(1_000);
    expect(await codeOf(upload(ofBytes(600)))).toBe("QUOTA_EXCEEDED");
    await purgeDeletedFiles(world.server, new Date(Date.now() + 60_000));
    expect(await figures()).toEqual({ used: 0, limit: 1_200, left: 1_200 });
    await upload(ofBytes(600));
  });

  it("deletes nothing when it is set below what is taken, and can be removed", async () => {
    const { id } = await upload(ofBytes(900));
    await limitTo(100);
    expect(await figures()).toEqual({ used: 900, limit: 100, left: 0 });
    expect(await codeOf(upload(ofBytes(10)))).toBe("QUOTA_EXCEEDED");
    await limitTo(null);
    expect(await figures()).toEqual({ used: 900, limit: null, left: null });
    await upload(ofBytes(10));
    await remove(id);
  });

  it("refuses resumable uploads by their announced size before they begin, and exactly when they are used", async () => {
    const { token } = world.people.manager;
    const by = { url: world.server.url, token };
    const input = { bucket: "ATTACHMENTS" as const, companyId, fileName: "a.txt" };
    await limitTo(1_000);
    const failure = await startUpload(by, { ...input, size: 1_001 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "QUOTA_EXCEEDED", limit: 1_000, left: 1_000, actual: 1_001 });
    const bytes = async () => Buffer.from(await ofBytes(600).arrayBuffer());
    const [first, second] = [
      await stageFile(by, input, await bytes()),
      await stageFile(by, input, await bytes()),
    ];
    const take = (stagedUploadId: string) =>
      world.server.gql(
        "mutation ($input: UploadMediaInput!) { uploadMedia(input: $input) { id } }",
        { input: { companyId, bucket: "ATTACHMENTS", stagedUploadId } },
        token,
      );
    expect([codeIn(await take(first!)), codeIn(await take(second!))]).toEqual(["ok", "QUOTA_EXCEEDED"]);
    // It is not lost: a higher limit lets it in.
    await limitTo(1_200);
    expect(codeIn(await take(second!))).toBe("ok");
  });

  it("refuses imports", async () => {
    await limitTo(1_000);
    const folder = await mkdtemp(join(tmpdir(), "filedesk-limit-"));
    const { sql } = world.server.database;
    const [company] = await sql`select slug from companies where id = ${companyId}`;
    for (const name of ["a.txt", "b.txt"])
      await writeFile(join(folder, name), Buffer.from(await ofBytes(800).arrayBuffer()));
    const line = (name: string) => `${name},ATTACHMENTS,${company!.slug},course,${name},banner\n`;
    const head = "source,bucket,company,resourceType,resourceId,fieldName\n";
    await writeFile(join(folder, "m.csv"), head + line("a.txt") + line("b.txt"));
    const summary = await world.server.services.mediaImports.importAll({
      manifest: join(folder, "m.csv"),
      baseFolder: folder,
      as: "agent@acme.test",
      atOnce: 1,
      allowedHosts: [],
      signal: new AbortController().signal,
      onEvent: () => {},
    });
    await rm(folder, { recursive: true });
    expect(summary).toMatchObject({ imported: 1, failed: 1 });
    expect(await figures()).toEqual({ used: 800, limit: 1_000, left: 200 });
  });

  it("is warned of at 80 and 95 percent, once until it falls below again", async () => {
    await limitTo(1_000);
    await upload(ofBytes(790));
    expect(await thresholds()).toEqual([]);
    const { id } = await upload(ofBytes(20));
    const at80 = { threshold: 80, usedBytes: 810, limitBytes: 1_000 };
    expect(await thresholds()).toEqual([at80]);
    await upload(ofBytes(100));
    expect(await thresholds()).toEqual([at80]);
    await upload(ofBytes(90));
    const at95 = { threshold: 95, usedBytes: 1_000, limitBytes: 1_000 };
    expect(await thresholds()).toEqual([at80, at95]);
    // 980 are 95 percent still, 780 are not even 80.
    await remove(id);
    await purgeDeletedFiles(world.server, new Date(Date.now() + 60_000));
    expect(await thresholds()).toEqual([at80, at95]);
    await limitTo(10_000);
    expect(await thresholds()).toEqual([at80, at95]);
    // A lower limit reaches it as well.
    await limitTo(1_200);
    expect(await thresholds()).toEqual([at80, at95, { threshold: 80, usedBytes: 980, limitBytes: 1_200 }]);
  });

  it("is not warned of by an upload that is refused", async () => {
    await limitTo(1_000);
    await upload(ofBytes(500));
    expect(await codeOf(upload(ofBytes(600)))).toBe("QUOTA_EXCEEDED");
    expect(await thresholds()).toEqual([]);
  });

  it("is set by administrators alone and read by managers, and the audit log has it", async () => {
    const parts = ["stranger", "requester", "agent", "manager", "admin"] as const;
    const codes: string[] = [];
    for (const part of parts) codes.push(codeIn(await limitTo(2_000, part)));
    expect(codes).toEqual(["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "ok"]);
    const read = async (part: Part) => {
      const { data } = await world.server.gql<{ company: { storageLimitBytes: number | null } | null }>(
        "query ($companyId: ID!) { company(id: $companyId) { storageLimitBytes } }",
        { companyId },
        world.people[part].token,
      );
      return data!.company?.storageLimitBytes;
    };
    expect([await read("requester"), await read("agent"), await read("manager")]).toEqual([
      null,
      null,
      2_000,
    ]);
    await limitTo(2_000);
    await limitTo(null);
    const { sql } = world.server.database;
    expect(
      await sql`select actor_id as by, details from audit_log
        where company_id = ${companyId} and action = 'company.storage-limit-set' order by id`,
    ).toEqual([
      { by: world.people.admin.id, details: { storageLimitBytes: 2_000, before: null } },
      { by: world.people.admin.id, details: { storageLimitBytes: null, before: 2_000 } },
    ]);
  });

  it("is refused where it is negative, or forgotten", async () => {
    expect(codeIn(await limitTo(-1))).toBe("BAD_USER_INPUT");
    const forgotten = await world.server.gql(
      "mutation ($id: ID!) { setStorageLimit(input: { companyId: $id }) { id } }",
      { id: companyId },
      world.people.admin.token,
    );
    expect(codeIn(forgotten)).toBe("BAD_USER_INPUT");
  });

  it("counts what older servers write while it is migrated, and what was there before", async () => {
    const database = await createTestDatabase("filedesk_demo_template");
    const sql = postgres(database.url, { max: 2, onnotice: () => {} });
    try {
      // As it was before the migration.
      await query(database.url, "drop table company_storage; drop function count_stored_bytes cascade");
      const file = readdirSync("drizzle").find((name) => name.endsWith("_company_storage.sql"));
      const migration = readFileSync(`drizzle/${file}`, "utf8");
      const add = (tx: postgres.Sql | postgres.TransactionSql, name: string) => tx`
        insert into blobs (id, company_id, sha256, size, mime_type, storage_key, scan_status)
        select gen_random_uuid(), id, encode(sha256(${name}::bytea), 'hex'), 1000, 'text/plain', ${name}, 'CLEAN'
        from companies order by id limit 1`;
      await add(sql, "before");
      let migrating: Promise<unknown> = Promise.resolve();
      await sql.begin(async (tx) => {
        await add(tx, "meanwhile");
        migrating = query(database.url, `begin; ${migration}; commit`);
        const isWaiting = async () => {
          const [row] =
            await sql`select count(*)::int as n from pg_locks where not granted and relation = 'blobs'::regclass`;
          return row!.n > 0;
        };
        while (!(await isWaiting()));
      });
      await migrating;
      await add(sql, "after");
      const [row] = await sql`
        select (select sum(used_bytes) from company_storage)::float8 as counted,
          (select sum(size) from blobs where integrity <> 'DESTROYED')::float8 as stored,
          (select count(*) from blobs where storage_key in ('before', 'meanwhile', 'after'))::int as added`;
      expect(row).toMatchObject({ counted: row!.stored, added: 3 });
    } finally {
      await sql.end();
      await database.drop();
    }
  });
});
