import { randomBytes } from "node:crypto";
import { setTimeout as pass, setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { files } from "../../src/app/demo/demo-files.js";
import type { UserViewer } from "../../src/modules/identity/viewer.js";
import { query } from "../support/database.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const ROUNDS = 200;

let desk: TestServer;
let viewer: UserViewer;
let companyId: string;

beforeAll(async () => {
  desk = await startTestServer();
  const person = await desk.signInAs("manager@acme.test");
  viewer = (await desk.services.sessions.viewerById(person.id)) as UserViewer;
  [companyId = ""] = viewer.roles.keys();
  await dawdle();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await expectWhole();
});
afterAll(() => desk?.close());

describe("deletion and restoration of a file", () => {
  it(`end in one of the two, and in the audit log as it was, when they race ${ROUNDS} times`, async () => {
    const { mediaFileChanges } = desk.services;
    const id = await upload(someBytes());
    for (let round = 0; round < ROUNDS; round++) {
      const outcomes = await Promise.allSettled(
        [0, 1, 2, 3].map(async (n) => {
          for (let turns = (round * (n + 1)) % 7; turns > 0; turns--) await turn();
          return n % 2
            ? mediaFileChanges.restoreMediaFile(viewer, id)
            : mediaFileChanges.deleteMediaFile(viewer, id);
        }),
      );
      expect(codesOf(outcomes).filter((code) => code !== "ok" && code !== "GONE")).toEqual([]);
    }
    const [row] = await desk.database.sql`
      select deleted_at is not null as deleted,
        (select count(*) from audit_log where subject_id = ${id} and action = 'media-file.deleted')::int as deletions,
        (select count(*) from audit_log where subject_id = ${id} and action = 'media-file.restored')::int as restorations
      from media_files where id = ${id}`;
    expect(row!.deletions - row!.restorations).toBe(row!.deleted ? 1 : 0);
    expect(row!.deletions).toBeGreaterThan(ROUNDS / 4);
  });
});

describe("a new usage of a file", () => {
  it(`keeps it or comes too late when it races the file's deletion ${ROUNDS} times`, async () => {
    const { mediaFileChanges, mediaUsages } = desk.services;
    const bytes = someBytes();
    const winners = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const id = await upload(bytes);
      const [used, deleted] = codesOf(
        await Promise.allSettled([
          later(round % 5, () => mediaUsages.addUsage(viewer, usageOf(id))),
          later(round % 3, () => mediaFileChanges.deleteMediaFile(viewer, id)),
        ]),
      );
      winners.add(`${used} ${deleted}`);
      expect(["ok CONFLICT", "GONE ok"]).toContain(`${used} ${deleted}`);
      await expectNoUsedFileGone();
    }
    expect(winners.size).toBe(2);
  });

  it(`keeps it, and its bytes, or comes too late when it races the purge of orphans ${ROUNDS} times`, async () => {
    const { mediaUsages } = desk.services;
    let kept = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const id = await upload(someBytes());
      const [used] = codesOf(
        await Promise.allSettled([
          later(round % 30, () => mediaUsages.addUsage(viewer, usageOf(id))),
          later(round % 3, purgeOrphans),
        ]),
      );
      expect(["ok", "GONE", "NOT_FOUND"]).toContain(used);
      const rows = await desk.database.sql`
        select from media_files f join media_usages u on u.media_file_id = f.id
        where f.id = ${id} and f.deleted_at is null`;
      expect(rows).toHaveLength(used === "ok" ? 1 : 0);
      if (used === "ok") kept += 1;
      await expectWhole({ quickly: true });
    }
    expect(kept).toBeGreaterThan(ROUNDS / 20);
    expect(kept).toBeLessThan((ROUNDS * 19) / 20);
  });
});

describe("an upload of the same bytes", () => {
  it(`has its bytes when it races the purge of the orphan that had them, ${ROUNDS} times`, async () => {
    const bytes = someBytes();
    await upload(bytes);
    const blobs = new Set<string>();
    let purgeMs = 20;
    const purge = async () => {
      const startedAt = performance.now();
      await purgeOrphans();
      purgeMs = performance.now() - startedAt;
    };
    for (let round = 0; round < ROUNDS; round++) {
      // From well before the purge of the last of them to after it, whatever the machine's speed.
      const delay = ((round % 20) / 16) * purgeMs;
      const [, ...uploads] = codesOf(
        await Promise.allSettled([
          purge(),
          later(delay, () => upload(bytes)),
          later(delay + (round % 3), () => upload(bytes)),
        ]),
      );
      expect(uploads).toEqual(["ok", "ok"]);
      await expectWhole({ quickly: true });
      const rows = await desk.database.sql`select blob_id from media_files f join blobs b on b.id = f.blob_id
        where b.sha256 = encode(sha256(${bytes}), 'hex') limit 1`;
      if (rows[0]) blobs.add(rows[0].blob_id);
      else await upload(bytes);
    }
    // Neither the uploads nor the purge won every time.
    expect(blobs.size).toBeGreaterThan(5);
  });
});

describe("a new content for a file", () => {
  it("leaves every version with its bytes when replacements race each other and the deletion, 100 times", async () => {
    const { mediaFileChanges, mediaUploads } = desk.services;
    for (let round = 0; round < 100; round++) {
      const id = await upload(someBytes());
      const codes = codesOf(
        await Promise.allSettled([
          mediaUploads.replaceMediaFile(viewer, { id }, incoming(someBytes())),
          later(round % 3, () => mediaUploads.replaceMediaFile(viewer, { id }, incoming(someBytes()))),
          later(round % 20, () => mediaFileChanges.deleteMediaFile(viewer, id)),
        ]),
      );
      expect(codes.filter((code) => code !== "ok" && code !== "GONE")).toEqual([]);
      const [row] = await desk.database.sql`
        select count(*)::int as versions from media_files where version_of = ${id}`;
      expect(row!.versions).toBe(codes.slice(0, 2).filter((code) => code === "ok").length);
      await expectWhole({ quickly: true });
    }
  });
});

const someBytes = () => Buffer.from(randomBytes(500).toString("hex"));

const incoming = (bytes: Buffer) => files({ name: "a.txt", bytes });

async function upload(bytes: Buffer): Promise<string> {
  const input = { companyId, bucket: "ATTACHMENTS" as const };
  return (await desk.services.mediaUploads.uploadMedia(viewer, input, incoming(bytes))).id;
}

const usageOf = (mediaFileId: string) => ({
  mediaFileId,
  resourceType: "page",
  resourceId: "1",
  fieldName: "banner",
});

const purgeOrphans = () =>
  desk.services.orphans.purgeOrphans(viewer, { companyId, olderThanDays: 0, dryRun: false });

async function later<Result>(ms: number, action: () => Promise<Result>): Promise<Result> {
  await pass(ms);
  return action();
}

/** Gives rivals time: before a usage is there, before a row points at its blob, and before bytes go. */
async function dawdle(): Promise<void> {
  await query(
    desk.ownerUrl,
    `create function dawdle() returns trigger language plpgsql as
      $$ begin perform pg_sleep(random() * 0.008); return new; end $$;
    create trigger dawdle before insert on media_files for each row execute function dawdle();
    create trigger dawdle after insert on media_usages for each row execute function dawdle();`,
  );
  const { trash } = desk.services.storage;
  const remove = trash.put;
  trash.put = async (keys) => {
    await pass(Math.random() * 8);
    await remove(keys);
  };
}

async function expectNoUsedFileGone(): Promise<void> {
  const gone = await desk.database.sql`
    select f.id from media_usages u join media_files f on f.id = u.media_file_id where f.deleted_at is not null`;
  expect([...gone]).toEqual([]);
}

/** No row without its bytes, no bytes without a row, no used file gone. That nothing uses a file is no fault here. */
async function expectWhole(options?: { quickly: boolean }): Promise<void> {
  const { database, dataFolder } = desk;
  const [broken, strays] = await Promise.all([
    brokenPromises(database.sql, dataFolder, options),
    strayFiles(database.sql, dataFolder),
    expectNoUsedFileGone(),
  ]);
  expect(broken.filter((promise) => !promise.endsWith("lives and has no usage"))).toEqual([]);
  expect(strays).toEqual([]);
}

/** The code of each failure; a fault that nobody expected is thrown. */
const codesOf = (outcomes: readonly PromiseSettledResult<unknown>[]): string[] =>
  outcomes.map((outcome) => {
    if (outcome.status === "fulfilled") return "ok";
    const { code, status } = outcome.reason as { code?: string; status?: number };
    if (code === undefined || status === undefined) throw outcome.reason;
    return code;
  });
