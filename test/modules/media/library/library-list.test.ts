import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type {
  MediaFileFilter,
  MediaFileOrder,
  MediaFilesQuery,
} from "../../../support/generated/operations.js";
import {
  AddMediaUsageDocument,
  DeleteMediaFileDocument,
  MediaFileDocument,
  MediaFilesDocument,
  RestoreMediaFileDocument,
  UpdateMediaFileDocument,
} from "../../../support/generated/operations.js";
import type { LibraryFile } from "../../../support/library-world.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makeJpeg, makePdf, makePng } from "../../../support/make-files.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeIn } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../../support/ticket-world.js";

type Page = MediaFilesQuery["mediaFiles"];

let world: TicketWorld;
let companyId: string;
/** The library of the tests, by name. */
const files: Record<string, LibraryFile> = {};
const statements: string[] = [];

const usageOf = (name: string) => ({
  mediaFileId: files[name]!.id,
  resourceType: "course",
  resourceId: "42",
  fieldName: "handout",
});

const NEWEST = ["lamp.txt", "log.txt", "notes.txt", "contract.pdf", "pool.png", "Lobby 100%.jpg"];

async function list(
  variables: { filter?: MediaFileFilter; orderBy?: MediaFileOrder } & Record<string, unknown>,
): Promise<Page> {
  const answer = await world.server.gql(
    MediaFilesDocument,
    { companyId, ...variables },
    world.people.manager.token,
  );
  expect(codeIn(answer)).toBe("ok");
  return answer.data!.mediaFiles;
}

const namesOf = (page: Page) => page.nodes.map(({ fileName }) => fileName);
const at = (day: number) => new Date(Date.UTC(2026, 0, day)).toISOString();

describe("library list", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
    const { agent, manager, requester } = world.people;
    const put = async (
      by: typeof agent,
      name: string,
      bytes: Buffer | string,
      bucket: "ATTACHMENTS" | "PHOTOS",
    ) => {
      files[name] = await uploadMedia(by, { companyId, bucket, file: fileOf(name, bytes) });
    };
    await put(agent, "Lobby 100%.jpg", await makeJpeg({ width: 64, height: 32 }), "PHOTOS");
    await put(agent, "pool.png", await makePng({ width: 40, height: 40 }), "PHOTOS");
    await put(manager, "contract.pdf", makePdf("Contract"), "ATTACHMENTS");
    await put(manager, "notes.txt", "short", "ATTACHMENTS");
    await put(agent, "log.txt", "x".repeat(20_000), "ATTACHMENTS");
    // One that something uses, and one of the inside.
    await world.server.gql(AddMediaUsageDocument, { input: usageOf("contract.pdf") }, manager.token);
    const { attachments } = await world.openTicket(requester, {
      companyId,
      files: [fileOf("lamp.txt", "Lamp 7")],
    });
    files["lamp.txt"] = attachments.nodes[0]!.mediaFile as LibraryFile;
    for (const [name, integrity] of [
      ["log.txt", "ALTERED"],
      ["pool.png", "MISSING"],
    ] as const)
      await world.server.database.sql`
      update blobs set integrity = ${integrity} where id = (select blob_id from media_files where id = ${files[name]!.id})`;
    // Days apart, so that moments can stand between them.
    for (const [day, name] of Object.keys(files).entries())
      await world.server.database.sql`
      update media_files set created_at = ${new Date(Date.UTC(2026, 0, day + 1)).toISOString()}
      where id = ${files[name]!.id}`;
  });

  afterAll(() => world?.close());

  describe("a company's library", () => {
    it.each<[string, () => MediaFileFilter, string[]]>([
      ["everything", () => ({}), NEWEST],
      ["a bucket", () => ({ bucket: ["PHOTOS"] }), ["pool.png", "Lobby 100%.jpg"]],
      ["two buckets", () => ({ bucket: ["PHOTOS", "ATTACHMENTS"] }), NEWEST],
      ["a kind", () => ({ kind: ["DOCUMENT"] }), ["contract.pdf"]],
      ["two kinds", () => ({ kind: ["DOCUMENT", "IMAGE"] }), ["contract.pdf", "pool.png", "Lobby 100%.jpg"]],
      ["a type", () => ({ mimeType: ["image/png"] }), ["pool.png"]],
      ["an uploader", () => ({ uploaderId: world.people.manager.id }), ["notes.txt", "contract.pdf"]],
      ["from a moment", () => ({ createdFrom: at(5) }), ["lamp.txt", "log.txt"]],
      ["before a moment", () => ({ createdBefore: at(2) }), ["Lobby 100%.jpg"]],
      [
        "between two moments",
        () => ({ createdFrom: at(2), createdBefore: at(4) }),
        ["contract.pdf", "pool.png"],
      ],
      ["large files", () => ({ minSize: 20_000 }), ["log.txt"]],
      ["small files", () => ({ maxSize: 6 }), ["lamp.txt", "notes.txt"]],
      ["used files", () => ({ isUsed: true }), ["lamp.txt", "contract.pdf"]],
      ["unused files", () => ({ isUsed: false }), ["log.txt", "notes.txt", "pool.png", "Lobby 100%.jpg"]],
      ["a scan status", () => ({ scanStatus: ["NOT_SCANNED"] }), NEWEST],
      ["another scan status", () => ({ scanStatus: ["PENDING", "INFECTED"] }), []],
      ["damaged ones", () => ({ integrity: ["ALTERED", "MISSING"] }), ["log.txt", "pool.png"]],
      ["one kind of damage", () => ({ integrity: ["MISSING"] }), ["pool.png"]],
      [
        "what nobody has read again",
        () => ({ integrity: ["UNVERIFIED"], bucket: ["PHOTOS"] }),
        ["Lobby 100%.jpg"],
      ],
      ["what is intact", () => ({ integrity: ["INTACT"] }), []],
      [
        "a text in names, whatever its case",
        () => ({ search: "LO" }),
        ["log.txt", "pool.png", "Lobby 100%.jpg"].filter((n) => /lo/i.test(n)),
      ],
      ["a percent sign in names", () => ({ search: "0%" }), ["Lobby 100%.jpg"]],
      ["an underscore, which is no wildcard", () => ({ search: "_" }), []],
      ["deleted ones", () => ({ isDeleted: true }), []],
      [
        "several at once",
        () => ({ bucket: ["ATTACHMENTS"], isUsed: false, search: "txt", maxSize: 100 }),
        ["notes.txt"],
      ],
    ])("is narrowed by %s", async (_name, filter, expected) => {
      const page = await list({ filter: filter() });
      expect(namesOf(page)).toEqual(expected);
      expect(page.totalCount).toBe(expected.length);
    });

    it.each<[MediaFileOrder, (page: Page) => unknown[]]>([
      ["NEWEST", ({ nodes }) => nodes.map((file) => file.createdAt).reverse()],
      ["OLDEST", ({ nodes }) => nodes.map((file) => file.createdAt)],
      ["LARGEST", ({ nodes }) => nodes.map((file) => -file.size)],
      ["NAME", ({ nodes }) => nodes.map((file) => file.fileName.toLowerCase())],
    ])("reads the same forward and backward, page by page, in the order %s", async (orderBy, keys) => {
      const whole = await list({ orderBy });
      const sorted = keys(whole);
      if (orderBy !== "NAME") expect([...sorted].sort((a, b) => (a! < b! ? -1 : 1))).toEqual(sorted);
      const forward: string[] = [];
      for (let after: string | null = null; ; ) {
        const page = await list({ orderBy, first: 2, after });
        forward.push(...namesOf(page));
        if (!page.pageInfo.hasNextPage) break;
        after = page.pageInfo.endCursor;
      }
      const backward: string[] = [];
      for (let before: string | null = null; ; ) {
        const page = await list({ orderBy, last: 4, before });
        backward.unshift(...namesOf(page));
        if (!page.pageInfo.hasPreviousPage) break;
        before = page.pageInfo.startCursor;
      }
      expect(forward).toEqual(namesOf(whole));
      expect(backward).toEqual(namesOf(whole));
      expect(forward).toHaveLength(NEWEST.length);
    });

    it("refuses a cursor of another order, and a page that is too large", async () => {
      const { pageInfo } = await list({ first: 1 });
      const { token } = world.people.manager;
      const ask = (variables: object) =>
        world.server.gql(MediaFilesDocument, { companyId, ...variables }, token);
      expect(codeIn(await ask({ orderBy: "LARGEST", after: pageInfo.endCursor }))).toBe("BAD_USER_INPUT");
      expect(codeIn(await ask({ first: 101 }))).toBe("BAD_USER_INPUT");
      expect(codeIn(await ask({ filter: { search: "a".repeat(201) } }))).toBe("BAD_USER_INPUT");
    });

    it("costs as many statements for many files as for few", async () => {
      const run = (first: number) => countStatements(statements, () => list({ first }));
      expect(await run(6)).toBe(await run(1));
    });

    it("shows a file of more than 2 GiB in the order of sizes, with a cursor that reads on", async () => {
      const { id, size } = files["notes.txt"]!;
      const resize = async (bytes: number) => {
        await world.server.database.sql`update media_files set size = ${bytes} where id = ${id}`;
        await world.server.database.sql`
        update blobs set size = ${bytes} where id = (select blob_id from media_files where id = ${id})`;
      };
      await resize(5_000_000_000);
      const first = await list({ orderBy: "LARGEST", first: 1 });
      expect(first.nodes[0]!.id).toBe(id);
      const next = await list({ orderBy: "LARGEST", first: 1, after: first.pageInfo.endCursor });
      expect(namesOf(next)).toEqual(["log.txt"]);
      await resize(size);
    });

    it("knows no file of another company", async () => {
      const other = await world.newCompany();
      const { id } = await uploadMedia(world.people.agent, { companyId: other });
      expect((await list({})).nodes.map((file) => file.id)).not.toContain(id);
    });
  });

  describe("deleted files of a library", () => {
    it("are out of reach, listed for who may restore them, and come back", async () => {
      const { agent, manager } = world.people;
      const { gql } = world.server;
      const own = await uploadMedia(agent, { companyId });
      // An agent's file that a manager has deleted.
      const removed = await uploadMedia(agent, { companyId });
      const others = await uploadMedia(manager, { companyId });
      const deletions = [
        [own, agent],
        [removed, manager],
        [others, manager],
      ] as const;
      for (const [{ id }, by] of deletions) {
        const answer = await gql(DeleteMediaFileDocument, { id }, by.token);
        expect(answer.data?.deleteMediaFile.deletedAt).toEqual(expect.any(String));
      }
      expect(await downloadStatus(own.url, agent)).toBe(410);
      expect((await gql(MediaFileDocument, { id: own.id }, agent.token)).data?.mediaFile).toBeNull();
      expect(codeIn(await gql(DeleteMediaFileDocument, { id: own.id }, agent.token))).toBe("GONE");
      expect(
        codeIn(
          await gql(
            AddMediaUsageDocument,
            { input: { ...usageOf("pool.png"), mediaFileId: own.id } },
            agent.token,
          ),
        ),
      ).toBe("GONE");
      const trash = async (token: string) =>
        (
          await gql(MediaFilesDocument, { companyId, filter: { isDeleted: true } }, token)
        ).data!.mediaFiles.nodes.map(({ id }) => id);
      expect(await trash(manager.token)).toEqual([others.id, removed.id, own.id]);
      expect(await trash(agent.token)).toEqual([own.id]);
      expect(codeIn(await gql(RestoreMediaFileDocument, { id: removed.id }, agent.token))).toBe("FORBIDDEN");
      expect(codeIn(await gql(RestoreMediaFileDocument, { id: own.id }, agent.token))).toBe("ok");
      for (const { id } of [removed, others])
        expect(codeIn(await gql(RestoreMediaFileDocument, { id }, manager.token))).toBe("ok");
      expect(await downloadStatus(own.url, agent)).toBe(200);
      expect(await trash(manager.token)).toEqual([]);
    });

    it("stay gone when their time is over", async () => {
      const { agent } = world.people;
      const { id } = await uploadMedia(agent, { companyId });
      await world.server.gql(DeleteMediaFileDocument, { id }, agent.token);
      await world.server.database
        .sql`update media_files set deleted_at = now() - interval '15 days' where id = ${id}`;
      expect(codeIn(await world.server.gql(RestoreMediaFileDocument, { id }, agent.token))).toBe("GONE");
      expect(namesOf(await list({ filter: { isDeleted: true } }))).toEqual([]);
    });
  });

  describe("what can be changed of a file", () => {
    it("is its name, which must fit its content, and is made harmless", async () => {
      const { agent } = world.people;
      const { id } = files["pool.png"]!;
      const rename = (fileName: string) =>
        world.server.gql(UpdateMediaFileDocument, { input: { id, fileName } }, agent.token);
      expect(codeIn(await rename("pool.exe"))).toBe("FILE_TYPE_MISMATCH");
      expect(codeIn(await rename(""))).toBe("BAD_USER_INPUT");
      expect((await rename("../../etc/pool\u202Egnp.png")).data?.updateMediaFile.fileName).toBe(
        "poolgnp.png",
      );
      expect((await rename("pool")).data?.updateMediaFile.fileName).toBe("pool.png");
    });

    it("is when it expires: from then on it is gone, unless something uses it", async () => {
      const { agent } = world.people;
      const { gql, database } = world.server;
      const file = await uploadMedia(agent, {
        companyId,
        expiresAt: new Date(Date.now() + 60_000).toISOString(),
      });
      expect(file.expiresAt).toEqual(expect.any(String));
      const change = (expiresAt: string | null) =>
        gql(UpdateMediaFileDocument, { input: { id: file.id, expiresAt } }, agent.token);
      expect(codeIn(await change(new Date(Date.now() - 1_000).toISOString()))).toBe("BAD_USER_INPUT");
      expect((await change(null)).data?.updateMediaFile.expiresAt).toBeNull();
      await database.sql`update media_files set expires_at = now() - interval '1 second' where id = ${file.id}`;
      expect(await downloadStatus(file.url, agent)).toBe(410);
      expect((await gql(MediaFileDocument, { id: file.id }, agent.token)).data?.mediaFile).toBeNull();
      expect((await list({})).nodes.map(({ id }) => id)).not.toContain(file.id);
      await database.sql`insert into media_usages (id, company_id, media_file_id, resource_type, resource_id, field_name)
      values (gen_random_uuid(), ${companyId}, ${file.id}, 'page', '1', 'banner')`;
      expect(await downloadStatus(file.url, agent)).toBe(200);
      expect((await list({})).nodes.map(({ id }) => id)).toContain(file.id);
    });

    it("refuses an upload that has expired already, and buckets that are filled in other ways", async () => {
      const { agent } = world.people;
      const upload = (input: object) => uploadMedia(agent, { companyId, file: textFile(), ...input });
      await expect(upload({ expiresAt: new Date(0).toISOString() })).rejects.toThrow(
        /expiresAt must lie in the future/,
      );
      await expect(upload({ bucket: "AVATARS" })).rejects.toThrow(/setAvatar/);
      await expect(upload({ bucket: "COMPANY_LOGOS" })).rejects.toThrow(/setCompanyLogo/);
      await expect(upload({ bucket: "CHAT" })).rejects.toThrow(/chat messages/);
      await expect(upload({ bucket: "PHOTOS" })).rejects.toThrow(/cannot be taken/);
    });
  });
});
