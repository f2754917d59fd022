import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  AddMediaUsageDocument,
  CreatePhotoDocument,
  DeleteTicketDocument,
  MediaFileDocument,
  MediaFilesDocument,
  OrphanedMediaFilesDocument,
  RemoveMediaUsageDocument,
  RestoreMediaFileDocument,
  RestoreTicketDocument,
  StorageReportDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { codeIn } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const ask = <Data, Variables>(
  query: Parameters<typeof world.server.gql<Data, Variables>>[0],
  variables: Variables,
) => world.server.gql<Data, Variables>(query, variables, world.people.manager.token);

const deleteTicket = (id: string) => ask(DeleteTicketDocument, { id });
const restoreTicket = (id: string) => ask(RestoreTicketDocument, { id });

/** What the library says: the files listed, their number, the deleted ones, the orphans, and the report. */
async function library() {
  const list = async (filter: object) =>
    (await ask(MediaFilesDocument, { companyId, filter })).data!.mediaFiles;
  const [live, deleted] = [await list({}), await list({ isDeleted: true })];
  const orphans = (await ask(OrphanedMediaFilesDocument, { companyId, olderThanDays: 0 })).data!;
  const report = (await ask(StorageReportDocument, { companyId })).data!.storageReport;
  return {
    listed: live.nodes.map(({ id }) => id).sort(),
    counted: live.totalCount,
    restorable: deleted.nodes.map(({ id }) => id).sort(),
    orphans: orphans.orphanedMediaFiles.nodes.map(({ id }) => id),
    reported: report.files,
    gone: report.deleted.files,
    idle: report.orphans.files,
  };
}

const fileIds = async () => {
  const rows = await world.server.database.sql`
    select id from media_files where company_id = ${companyId} and version_of is null order by id`;
  return rows.map(({ id }) => id as string);
};

/** With a file of its own, one on a reply, and a photo. */
async function ticketWithFiles() {
  const { requester, agent } = world.people;
  const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
  await world.addReply(agent, { ticketId: ticket.id, files: [textFile()] });
  const file = fileOf("a.png", await makePng({ width: 30 + Math.floor(Math.random() * 99), height: 30 }));
  await agent.client.mutate({
    mutation: CreatePhotoDocument,
    variables: { input: { ticketId: ticket.id, file } },
  });
  return ticket.id;
}

const expectWhole = async () => {
  const { database, dataFolder } = world.server;
  const broken = await brokenPromises(database.sql, dataFolder);
  expect(broken.filter((promise) => !promise.endsWith("lives and has no usage"))).toEqual([]);
};

describe("the files of a deleted ticket", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { WORKER: "off" } });
  });
  beforeEach(async () => {
    companyId = await world.newCompany();
  });
  afterAll(() => world?.close());

  it("are gone at once from the library, its counts and its report, and come back with the ticket", async () => {
    const ticketId = await ticketWithFiles();
    const ids = await fileIds();
    expect(ids).toHaveLength(3);
    const before = await library();
    expect(before).toMatchObject({ listed: ids, counted: 3, reported: 3, gone: 0, idle: 0 });

    expect(codeIn(await deleteTicket(ticketId))).toBe("ok");
    const none = { listed: [], counted: 0, restorable: [], orphans: [], reported: 0, gone: 3, idle: 0 };
    expect(await library()).toEqual(none);
    for (const id of ids) expect((await ask(MediaFileDocument, { id })).data?.mediaFile).toBeNull();
    await expectWhole();

    expect(codeIn(await restoreTicket(ticketId))).toBe("ok");
    expect(await library()).toEqual(before);
    for (const id of ids) expect((await ask(MediaFileDocument, { id })).data?.mediaFile?.id).toBe(id);
    await expectWhole();
  });

  it("are found by the migration when the ticket was deleted before it", async () => {
    const ticketId = await ticketWithFiles();
    await deleteTicket(ticketId);
    const now = await library();
    const { sql } = world.server.database;
    await sql`update media_usages set suspended_at = null where company_id = ${companyId}`;
    await sql`update media_files set deleted_at = null, deleted_by = null where company_id = ${companyId}`;
    expect((await library()).counted).toBe(3);
    const migration = await readFile("drizzle/0004_suspended_usages.sql", "utf8");
    for (const statement of migration.split("--> statement-breakpoint").slice(1, 3))
      await sql.unsafe(statement);
    expect(await library()).toEqual(now);
    await restoreTicket(ticketId);
    expect((await library()).counted).toBe(3);
    await expectWhole();
  });

  it("come back no more when they were deleted before it, and not by themselves", async () => {
    const ticketId = await ticketWithFiles();
    const [first] = await fileIds();
    const [attached] = await world.server.database
      .sql`select id from attachments where media_file_id = ${first!}`;
    const { token } = world.people.admin;
    const removed = await world.server.gql(
      `mutation ($id: ID!) { deleteAttachment(id: $id) { id } }`,
      { id: attached!.id },
      token,
    );
    expect(removed.errors).toBeUndefined();
    await deleteTicket(ticketId);
    const [, second] = await fileIds();
    expect(codeIn(await ask(RestoreMediaFileDocument, { id: second! }))).toBe("CONFLICT");
    await restoreTicket(ticketId);
    expect((await library()).listed).toEqual((await fileIds()).slice(1));
    await expectWhole();
  });

  it("stay in the library for as long as something else uses them", async () => {
    const { manager, agent } = world.people;
    const bytes = await makePng({ width: 40, height: 40 });
    const shared = await uploadMedia(manager, { companyId, bucket: "PHOTOS", file: fileOf("s.png", bytes) });
    const ticketIds: string[] = [];
    for (let n = 0; n < 2; n++) {
      const { id: ticketId } = await world.openTicket(world.people.requester, { companyId });
      const input = { ticketId, mediaFileId: shared.id };
      expect(codeIn(await world.server.gql(CreatePhotoDocument, { input }, agent.token))).toBe("ok");
      ticketIds.push(ticketId);
    }
    const outside = { mediaFileId: shared.id, resourceType: "page", resourceId: "1", fieldName: "banner" };
    await ask(AddMediaUsageDocument, { input: outside });

    await deleteTicket(ticketIds[0]!);
    expect((await library()).listed).toEqual([shared.id]);
    const { mediaFile } = (await ask(MediaFileDocument, { id: shared.id })).data!;
    expect(mediaFile!.usages.map(({ resourceType }) => resourceType)).toEqual(["photo", "page"]);
    await deleteTicket(ticketIds[1]!);
    expect((await library()).listed).toEqual([shared.id]);
    expect(await downloadStatus(shared.url, manager)).toBe(200);

    // The last that used it in reach lets it go: it is gone with the tickets, and no orphan.
    await ask(RemoveMediaUsageDocument, { input: outside });
    expect(await library()).toMatchObject({ listed: [], restorable: [], orphans: [], gone: 1 });
    expect(await downloadStatus(shared.url, manager)).toBe(410);
    await restoreTicket(ticketIds[1]!);
    expect((await library()).listed).toEqual([shared.id]);
    await expectWhole();
  });

  it("are purged when the ticket's time is over, and by nothing before", async () => {
    const ticketId = await ticketWithFiles();
    await deleteTicket(ticketId);
    const { sql } = world.server.database;
    // As if they alone were old, and had expired as well.
    await sql`update media_files set deleted_at = deleted_at - interval '90 days', expires_at = now(),
      created_at = created_at - interval '90 days', updated_at = now() - interval '90 days'
      where company_id = ${companyId}`;
    const { upkeep } = world.server.services;
    await upkeep.purgeOrphans({ companyId, olderThanDays: 0 });
    await upkeep.purgeExpired();
    await upkeep.purgeDeleted();
    expect(await fileIds()).toHaveLength(3);

    await sql`update tickets set deleted_at = now() - interval '15 days' where id = ${ticketId}`;
    expect(await upkeep.purgeDeleted()).toMatchObject({ tickets: 1, files: 3 });
    expect(await fileIds()).toEqual([]);
    const { database, dataFolder } = world.server;
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
  });

  it("are neither lost nor left behind when deletions, restorations and usages race", async () => {
    const { manager, agent } = world.people;
    const shared = await uploadMedia(manager, { companyId });
    const tickets = await Promise.all(
      [1, 2].map(() => world.openTicket(world.people.requester, { companyId })),
    );
    const bytes = await makePng({ width: 41, height: 40 });
    const photo = await uploadMedia(manager, { companyId, bucket: "PHOTOS", file: fileOf("p.png", bytes) });
    for (const { id: ticketId } of tickets)
      await world.server.gql(
        CreatePhotoDocument,
        { input: { ticketId, mediaFileId: photo.id } },
        agent.token,
      );
    const usage = (mediaFileId: string) => ({
      input: { mediaFileId, resourceType: "page", resourceId: "1", fieldName: "banner" },
    });
    for (let round = 0; round < 40; round++) {
      const turn = round % 2 === 0 ? deleteTicket : restoreTicket;
      const rival = (mediaFileId: string) =>
        round % 4 < 2
          ? ask(AddMediaUsageDocument, usage(mediaFileId))
          : ask(RemoveMediaUsageDocument, usage(mediaFileId));
      await Promise.all([turn(tickets[0]!.id), turn(tickets[1]!.id), rival(photo.id), rival(shared.id)]);
      await expectWhole();
    }
  });
});
