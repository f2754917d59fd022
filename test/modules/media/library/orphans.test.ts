import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { hideMark } from "../../../support/damage-files.js";
import { query } from "../../../support/database.js";
import { tempFolderOf } from "../../../support/desk-storage.js";
import {
  AddMediaUsageDocument,
  DeleteMediaFileDocument,
  OrphanedMediaFilesDocument,
  PurgeOrphanedMediaDocument,
  RemoveMediaUsageDocument,
  ReplaceMediaFileDocument,
  StorageReportDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { purgeDeletedFiles } from "../../../support/purge-deleted-files.js";
import { codeIn } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

/** Uploads a file of the manager's that counts as so many days old. */
async function lying(days: number, content: string, name = "a.txt") {
  const file = await uploadMedia(world.people.manager, { companyId, file: fileOf(name, content) });
  await world.server.database.sql`
    update media_files set created_at = now() - make_interval(days => ${days}),
      updated_at = now() - make_interval(days => ${days}) where id = ${file.id}`;
  return file;
}

const ask = <Data, Variables>(
  query: Parameters<typeof world.server.gql<Data, Variables>>[0],
  variables: Variables,
) => world.server.gql<Data, Variables>(query, variables, world.people.manager.token);

const orphans = async (olderThanDays?: number) =>
  (
    await ask(OrphanedMediaFilesDocument, {
      companyId,
      ...(olderThanDays !== undefined && { olderThanDays }),
    })
  ).data!.orphanedMediaFiles;

const purge = async (dryRun: boolean, olderThanDays?: number) =>
  (
    await ask(PurgeOrphanedMediaDocument, {
      input: { companyId, dryRun, ...(olderThanDays !== undefined && { olderThanDays }) },
    })
  ).data!.purgeOrphanedMedia;

const usage = (mediaFileId: string) => ({
  input: { mediaFileId, resourceType: "page", resourceId: "1", fieldName: "banner" },
});

describe("orphans", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });

  beforeEach(async () => {
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("a database that is older than its files", () => {
    it("removes nothing for good by any purge, until the operator has said that it is to stay", async () => {
      const { database, services } = world.server;
      const orphan = await lying(40, "newer rows may share it");
      await database.sql`update installation set epoch = epoch - 100`;
      const input = { companyId, dryRun: false };
      const refused = await ask(PurgeOrphanedMediaDocument, { input });
      expect(codeIn(refused)).toBe("SERVICE_UNAVAILABLE");
      // A client learns nothing of the machine; the operator is told what to do.
      const message = refused.errors?.[0]?.message;
      expect(message).toMatch(/^Nothing can be removed for good .* Tell the operator\.$/);
      await expect(services.upkeep.purgeOrphans({ companyId })).rejects.toMatchObject({
        message,
        cause: { message: expect.stringContaining("filedesk adopt-storage --yes") },
      });
      const refuse = () => Promise.reject(new Error("asked although nothing is due"));
      await expect(purgeDeletedFiles(world.server, new Date(0), refuse)).resolves.toBe(0);
      expect(await database.sql`select from media_files where id = ${orphan.id}`).toHaveLength(1);
      expect((await purge(true)).files).toBe(1);
      await database.sql`update installation set epoch = epoch + 100`;
      expect((await purge(false)).files).toBe(1);
    });

    it("leaves the rest of uploads alone while the storage is not its own", async () => {
      const { dataFolder, services } = world.server;
      const abandoned = join(tempFolderOf(dataFolder), "of-nobody");
      await mkdir(abandoned, { recursive: true });
      const showMark = await hideMark(dataFolder);
      await expect(services.upkeep.sweepUploads()).rejects.toMatchObject({
        message: expect.stringMatching(/^Files can neither be read nor changed/),
        cause: { message: expect.stringContaining("has no installation mark") },
      });
      await showMark();
      await access(abandoned);
      await services.upkeep.sweepUploads();
      await expect(access(abandoned)).rejects.toThrow("ENOENT");
    });
  });

  describe("orphans", () => {
    it("are the files that live, that nothing uses, and that have lain long enough, the oldest first", async () => {
      const young = await lying(29, "young");
      const old = await lying(31, "old");
      const older = await lying(400, "older");
      const used = await lying(50, "used");
      const deleted = await lying(50, "deleted");
      await ask(AddMediaUsageDocument, usage(used.id));
      await ask(DeleteMediaFileDocument, { id: deleted.id });
      expect((await orphans()).nodes.map(({ id }) => id)).toEqual([older.id, old.id]);
      expect((await orphans()).totalCount).toBe(2);
      expect((await orphans(0)).nodes.map(({ id }) => id)).toEqual([older.id, old.id, young.id]);
      const first = (await ask(OrphanedMediaFilesDocument, { companyId, olderThanDays: 0, first: 2 })).data!
        .orphanedMediaFiles;
      const rest = await ask(OrphanedMediaFilesDocument, {
        companyId,
        olderThanDays: 0,
        first: 2,
        after: first.pageInfo.endCursor,
      });
      expect(rest.data!.orphanedMediaFiles.nodes.map(({ id }) => id)).toEqual([young.id]);
      // What was in use until now has not lain at all.
      await ask(RemoveMediaUsageDocument, usage(used.id));
      expect((await orphans()).nodes.map(({ id }) => id)).not.toContain(used.id);
      expect(codeIn(await ask(OrphanedMediaFilesDocument, { companyId, olderThanDays: -1 }))).toBe(
        "BAD_USER_INPUT",
      );
    });

    it("are none once they have expired: those are purged by themselves", async () => {
      const expired = await lying(40, "expired");
      await world.server.database
        .sql`update media_files set expires_at = now() - interval '1 day' where id = ${expired.id}`;
      expect((await orphans(0)).totalCount).toBe(0);
      expect(await purge(true, 0)).toMatchObject({ files: 0, bytes: 0, ids: [] });
    });

    it("are purged with their versions, and a dry run says the same before and removes nothing", async () => {
      const a = await lying(40, "the same bytes");
      const b = await lying(40, "the same bytes");
      const kept = await lying(40, "shared with one in use");
      const shares = await lying(40, "shared with one in use");
      await ask(AddMediaUsageDocument, usage(kept.id));
      const versioned = await lying(40, "version one");
      const file = fileOf("v2.txt", "version two!");
      const { client } = world.people.manager;
      await client.mutate({
        mutation: ReplaceMediaFileDocument,
        variables: { input: { id: versioned.id, file } },
      });
      const dry = await purge(true, 0);
      // Two that share 14 bytes, one that shares its bytes with a used file, one with a version (12 + 11).
      expect(dry).toMatchObject({ dryRun: true, files: 5, bytes: 14 + 12 + 11 });
      expect([...dry.ids].sort()).toEqual([a.id, b.id, shares.id, versioned.id].sort());
      expect((await orphans(0)).totalCount).toBe(4);
      expect(await purge(false, 0)).toEqual({ ...dry, dryRun: false });
      expect((await orphans(0)).totalCount).toBe(0);
      expect(await downloadStatus(kept.url, world.people.manager)).toBe(200);
      expect(await downloadStatus(a.url, world.people.manager)).toBe(404);
      const { database, dataFolder } = world.server;
      expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
      const broken = await brokenPromises(database.sql, dataFolder);
      expect(broken.filter((promise) => !promise.endsWith("lives and has no usage"))).toEqual([]);
      const audit = await database.sql`
      select actor_id, details from audit_log where action = 'company.orphans-purged' and company_id = ${companyId}`;
      expect([...audit]).toMatchObject([
        { actor_id: world.people.manager.id, details: { files: 5, bytes: 37 } },
      ]);
    });

    it("are purged no further once whoever purges may not any more; what has gone is written down", async () => {
      const { sql } = world.server.database;
      const [first, second] = [await lying(50, "first"), await lying(40, "second")];
      // Their membership ends with the first file: until that was committed they had it.
      const { ownerUrl } = world.server;
      await query(
        ownerUrl,
        `create function end_membership() returns trigger language plpgsql as $$ begin
        delete from memberships where user_id = '${world.people.manager.id}' and company_id = '${companyId}';
        return null;
      end $$;
      create trigger end_membership after delete on media_files execute function end_membership()`,
      );
      const refused = await ask(PurgeOrphanedMediaDocument, { input: { companyId, dryRun: false } });
      await query(ownerUrl, "drop function end_membership cascade");
      expect(codeIn(refused)).toBe("NOT_FOUND");
      const left = await sql`select id from media_files where company_id = ${companyId}`;
      expect(left.map(({ id }) => id)).toEqual([second.id]);
      const audited = await sql`select details->'ids' as ids from audit_log
      where action = 'company.orphans-purged' and company_id = ${companyId}`;
      expect(audited.map(({ ids }) => ids)).toEqual([[first.id]]);
    });
  });

  describe("the storage report", () => {
    it("says what was counted by hand", async () => {
      const { manager, agent } = world.people;
      const png = await makePng({ width: 20, height: 20 });
      const put = (
        by: typeof manager,
        bucket: "ATTACHMENTS" | "PHOTOS",
        name: string,
        bytes: Buffer | string,
      ) => uploadMedia(by, { companyId, bucket, file: fileOf(name, bytes) });
      const used = await put(manager, "ATTACHMENTS", "a.txt", "1234567890");
      await put(agent, "ATTACHMENTS", "b.txt", "1234567890"); // the same bytes
      const photo = await put(agent, "PHOTOS", "c.png", png);
      const removed = await put(manager, "ATTACHMENTS", "d.txt", "1234567890"); // once more
      const replaced = await put(manager, "ATTACHMENTS", "e.txt", "12345");
      await ask(AddMediaUsageDocument, usage(used.id));
      await ask(DeleteMediaFileDocument, { id: removed.id });
      await manager.client.mutate({
        mutation: ReplaceMediaFileDocument,
        variables: { input: { id: replaced.id, file: fileOf("e.txt", "1234567") } },
      });
      await world.server.database
        .sql`update media_files set created_at = '2025-12-31T23:59:59Z' where id = ${photo.id}`;
      const thisMonth = new Date().toISOString().slice(0, 7);
      const { data } = await ask(StorageReportDocument, { companyId });
      const size = png.length;
      expect(data?.storageReport).toMatchObject({
        files: 4,
        bytes: 10 + 10 + size + 7,
        storedBytes: 10 + size + 5 + 7,
        savedBytes: 20,
        versions: { files: 1, bytes: 5 },
        deleted: { files: 1, bytes: 10 },
        orphans: { files: 3, bytes: 10 + size + 7 },
        byBucket: [
          { bucket: "PHOTOS", files: 1, bytes: size },
          { bucket: "ATTACHMENTS", files: 3, bytes: 27 },
        ],
        byType: [
          { mimeType: "image/png", files: 1, bytes: size },
          { mimeType: "text/plain", files: 3, bytes: 27 },
        ],
        byUploader: [
          { uploadedBy: { id: agent.id }, files: 2, bytes: size + 10 },
          { uploadedBy: { id: manager.id }, files: 2, bytes: 17 },
        ],
        byMonth: [
          { month: thisMonth, files: 3, bytes: 27 },
          { month: "2025-12", files: 1, bytes: size },
        ],
      });
    });
  });
});
