import type { TypedDocumentNode } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { UserViewer, Viewer } from "../../../../../src/modules/identity/viewer.js";
import { anonymous } from "../../../../../src/modules/identity/viewer.js";
import { createMediaFileChannel } from "../../../../../src/modules/media/library/events/media-file-channel.js";
import { recordFinding } from "../../../../../src/modules/media/upkeep/record-finding.js";
import type { LoggedEvent } from "../../../../../src/platform/events/log/event-log.repository.js";
import { admission, eventsOf, inShort } from "../../../../support/event-log.js";
import {
  AddMediaUsageDocument,
  CreatePhotoDocument,
  DeleteAttachmentDocument,
  DeleteMediaFileDocument,
  DeletePostDocument,
  DeleteTicketDocument,
  PurgeOrphanedMediaDocument,
  RemoveAvatarDocument,
  RemoveCompanyLogoDocument,
  RemoveMediaUsageDocument,
  ReplaceMediaFileDocument,
  RestoreAttachmentDocument,
  RestoreMediaFileDocument,
  RestorePostDocument,
  RestoreTicketDocument,
  SetAvatarDocument,
  SetCompanyLogoDocument,
  UpdateMediaFileDocument,
} from "../../../../support/generated/operations.js";
import { uploadMedia } from "../../../../support/library-world.js";
import { makeJpeg } from "../../../../support/make-files.js";
import { renderPending } from "../../../../support/render-pending.js";
import type { SignedIn } from "../../../../support/test-server.js";
import type { Part, TicketWorld } from "../../../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../../../support/ticket-world.js";

const statements: string[] = [];
let world: TicketWorld;
let now = new Date();

const channel = () => createMediaFileChannel({ db: world.server.database.db, clock: () => now });
const log = (companyId: string, after = 0) => eventsOf(world.server, `media:${companyId}`, after);
const lastOf = async (companyId: string) => (await log(companyId)).at(-1)?.sequence ?? 0;

const picture = async () =>
  new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "photo.jpg", { type: "image/jpeg" });

async function run<Data, Variables extends Record<string, unknown>>(
  { client }: SignedIn,
  mutation: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  return (await client.mutate({ mutation, variables } as never)).data as Data;
}

const fileOf = async (attachmentId: string) => {
  const [row] = await world.server.database.sql<{ id: string }[]>`
    select media_file_id as id from attachments where id = ${attachmentId}`;
  return row!.id;
};

const event = (type: string, payload: Record<string, unknown> = {}): LoggedEvent => ({
  sequence: 1,
  type,
  payload,
});

describe("media file events", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ onStatement: (statement) => statements.push(statement) });
  });

  afterAll(() => world?.close());

  describe("the log of a company's files", () => {
    it("has what the library does to a file, and nothing that changes nothing", async () => {
      const { agent, manager } = world.people;
      const companyId = await world.newCompany();
      const { id } = await uploadMedia(agent, { companyId, expiresAt: "2099-01-01T00:00:00Z" });
      const usage = { mediaFileId: id, resourceType: "page", resourceId: "7", fieldName: "hero" };
      const changed = { input: { id, fileName: "other.txt", expiresAt: null } };
      await run(agent, UpdateMediaFileDocument, changed);
      await run(agent, UpdateMediaFileDocument, changed);
      await run(agent, ReplaceMediaFileDocument, { input: { id, file: textFile() } });
      await run(agent, AddMediaUsageDocument, { input: usage });
      await run(agent, AddMediaUsageDocument, { input: usage });
      await run(agent, RemoveMediaUsageDocument, { input: usage });
      await run(agent, RemoveMediaUsageDocument, { input: usage });
      await run(agent, DeleteMediaFileDocument, { id });
      await run(agent, RestoreMediaFileDocument, { id });
      await run(agent, RestoreMediaFileDocument, { id });
      await world.server.database.sql`
      update media_files set created_at = now() - interval '1 year', updated_at = now() - interval '1 year'
      where company_id = ${companyId}`;
      await run(manager, PurgeOrphanedMediaDocument, { input: { companyId, dryRun: true } });
      await run(manager, PurgeOrphanedMediaDocument, { input: { companyId, dryRun: false } });
      expect(inShort(await log(companyId))).toEqual(
        ["added", "updated", "updated", "updated", "updated", "deleted", "restored", "purged"].map((what) => [
          `file.${what}`,
          { mediaFileId: id },
        ]),
      );
    });

    it("has a file that comes and goes with what it is attached to or posted in", async () => {
      const { agent, manager, requester } = world.people;
      const companyId = await world.newCompany();
      const { id: ticketId } = await world.openTicket(requester, { companyId });
      const [attachment] = await world.attach(agent, { ticketId, files: [textFile()] });
      const mediaFileId = await fileOf(attachment!.id);
      await run(agent, DeleteAttachmentDocument, { id: attachment!.id });
      await run(agent, RestoreAttachmentDocument, { id: attachment!.id });
      await run(manager, DeleteTicketDocument, { id: ticketId });
      await run(manager, RestoreTicketDocument, { id: ticketId });
      const there = await lastOf(companyId);
      expect(inShort(await log(companyId))).toEqual(
        ["added", "deleted", "restored", "deleted", "restored"].map((what) => [
          `file.${what}`,
          { mediaFileId },
        ]),
      );

      const { createPhoto: post } = await run(agent, CreatePhotoDocument, {
        input: { ticketId, file: await picture() },
      });
      await run(agent, DeletePostDocument, { id: post.id });
      await run(agent, RestorePostDocument, { id: post.id });
      expect((await log(companyId, there)).map(({ type }) => type)).toEqual([
        "file.added",
        "file.deleted",
        "file.restored",
      ]);
    });

    it("does not have a file that lives on, because something else uses it, as deleted or restored", async () => {
      const { agent, requester } = world.people;
      const companyId = await world.newCompany();
      const { id: ticketId } = await world.openTicket(requester, { companyId });
      const [attachment] = await world.attach(agent, { ticketId, files: [textFile()] });
      const mediaFileId = await fileOf(attachment!.id);
      const input = { mediaFileId, resourceType: "page", resourceId: "7", fieldName: "hero" };
      await run(agent, AddMediaUsageDocument, { input });
      await run(agent, DeleteAttachmentDocument, { id: attachment!.id });
      await run(agent, RestoreAttachmentDocument, { id: attachment!.id });
      expect((await log(companyId)).map(({ type }) => type)).toEqual(["file.added", "file.updated"]);
    });

    it("has logos, avatars and variants", async () => {
      const { manager, agent } = world.people;
      const companyId = await world.newCompany();
      await run(manager, SetCompanyLogoDocument, { input: { companyId, file: await picture() } });
      await renderPending(world.server);
      await run(manager, RemoveCompanyLogoDocument, { companyId });
      expect((await log(companyId)).map(({ type }) => type)).toEqual([
        "file.added",
        "company.branding-changed",
        "file.variants-ready",
        "file.deleted",
        "company.branding-changed",
      ]);
      const before = await world.server.database.sql`select count(*)::int as count from events`;
      await run(agent, SetAvatarDocument, { file: await picture() });
      await run(agent, RemoveAvatarDocument, {});
      const types = await world.server.database.sql<{ type: string }[]>`
      select type from events order by created_at, topic, sequence offset ${before[0]!.count as number}`;
      // The new one comes, the one that the demo has given goes, and then the new one.
      expect(types.map(({ type }) => type)).toEqual(["file.added", "file.deleted", "file.deleted"]);
    });

    it("has that bytes are not what they were, and that they are again", async () => {
      const companyId = await world.newCompany();
      const { id } = await uploadMedia(world.people.agent, { companyId });
      const { sql, db } = world.server.database;
      const [blob] = await sql<{ id: string; companyId: string; storageKey: string }[]>`
      select b.id, b.company_id as "companyId", b.storage_key as "storageKey"
      from blobs b join media_files f on f.blob_id = b.id where f.id = ${id}`;
      for (const finding of [
        "INTACT",
        "ALTERED",
        "ALTERED",
        "INTACT",
        "MISSING",
        "UNVERIFIED",
        "INTACT",
      ] as const)
        await recordFinding(db, blob!, finding, null);
      expect(inShort(await log(companyId, 1))).toEqual(
        ["altered", "recovered", "missing", "recovered"].map((what) => [
          `file.${what}`,
          { mediaFileIds: [id] },
        ]),
      );
    });

    it("is numbered without gaps when many write at once", async () => {
      const { agent } = world.people;
      const companyId = await world.newCompany();
      await Promise.all(Array.from({ length: 12 }, () => uploadMedia(agent, { companyId })));
      expect((await log(companyId)).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 12 }, (_, index) => index + 1),
      );
    });

    it("is written by one statement of the upload's transaction", async () => {
      const { agent, requester } = world.people;
      const companyId = await world.newCompany();
      const { id: ticketId } = await world.openTicket(requester, { companyId });
      statements.length = 0;
      await world.attach(agent, { ticketId, files: [textFile(), textFile(), textFile()] });
      expect(statements.filter((statement) => statement.includes('"event_topics"'))).toHaveLength(1);
    });
  });

  describe("who may follow a company's files", () => {
    const PARTS: readonly Part[] = ["requester", "agent", "manager", "admin", "stranger"];

    function viewerOf(part: Part, companyId: string): UserViewer {
      const { id, email } = world.people[part];
      const role = { requester: "CUSTOMER", agent: "AGENT", manager: "MANAGER" } as const;
      const held = role[part as keyof typeof role];
      const roles = new Map(held ? [[companyId, held]] : []);
      return { kind: "user", id, email, name: part, isAdmin: part === "admin", roles };
    }

    it("is who may list them, as long as the company lives", async () => {
      const companyId = await world.newCompany();
      const guest: Viewer = {
        kind: "guest",
        id: companyId,
        name: "Room",
        companyId,
        conversationId: companyId,
      };
      const viewers = [...PARTS.map((part) => viewerOf(part, companyId)), guest, anonymous];
      const admitted = () => Promise.all(viewers.map((viewer) => admission(channel(), viewer, companyId)));
      expect(await admitted()).toEqual([
        "FORBIDDEN",
        "ok",
        "ok",
        "ok",
        "NOT_FOUND",
        "NOT_FOUND",
        "UNAUTHENTICATED",
      ]);
      const reading = [false, true, true, true, false, false, false];
      expect(await channel().readers(companyId, viewers)).toEqual(reading);
      const thousand = Array.from({ length: 1_000 }, (_, index) => viewers[index % 7]!);
      statements.length = 0;
      expect((await channel().readers(companyId, thousand)).filter(Boolean)).toHaveLength(429);
      expect(statements).toHaveLength(1);
      await world.server.database.sql`update companies set deleted_at = now() where id = ${companyId}`;
      expect(await channel().readers(companyId, viewers)).toEqual(viewers.map(() => false));
    });
  });

  describe("what is told of a company's files", () => {
    it("is each file as it is now", async () => {
      const { agent } = world.people;
      const companyId = await world.newCompany();
      const { id: mediaFileId } = await uploadMedia(agent, { companyId });
      await run(agent, UpdateMediaFileDocument, { input: { id: mediaFileId, fileName: "since.txt" } });
      const types = ["added", "updated", "restored", "variants-ready", "variants-failed"];
      const told = await channel().toPayloads(companyId, [
        ...types.map((type) => event(`file.${type}`, { mediaFileId })),
        event("file.altered", { mediaFileIds: [mediaFileId] }),
        event("company.branding-changed", { companyId }),
        event("company.storage-threshold", { threshold: 80, usedBytes: 81, limitBytes: 100 }),
        event("file.new-word", { mediaFileId }),
      ]);
      const mediaFile = { id: mediaFileId, fileName: "since.txt" };
      expect(told).toMatchObject([
        { __typename: "MediaFileAdded", mediaFile },
        { __typename: "MediaFileUpdated", mediaFile },
        { __typename: "MediaFileRestored", mediaFile },
        { __typename: "VariantsReady", mediaFile },
        { __typename: "VariantsFailed", mediaFile },
        { __typename: "IntegrityChanged", mediaFiles: [mediaFile] },
        { __typename: "CompanyBrandingChanged", company: { id: companyId } },
        { __typename: "StorageThresholdReached", threshold: 80, usedBytes: 81, limitBytes: 100 },
        null as never,
      ]);
    });

    it("is of a file that is deleted, over or gone by now that alone", async () => {
      const { agent } = world.people;
      const companyId = await world.newCompany();
      const { id: mediaFileId } = await uploadMedia(agent, { companyId });
      const { id: other } = await uploadMedia(agent, { companyId });
      const { id: passing } = await uploadMedia(agent, { companyId, expiresAt: "2099-01-01T00:00:00Z" });
      await run(agent, DeleteMediaFileDocument, { id: mediaFileId });
      const events = [
        event("file.added", { mediaFileId }),
        event("file.deleted", { mediaFileId: other }),
        event("file.updated", { mediaFileId: passing }),
        event("file.purged", { mediaFileId: companyId }),
        event("file.added", { mediaFileId: companyId }),
        event("file.missing", { mediaFileIds: [mediaFileId] }),
      ];
      now = new Date("2100-01-01T00:00:00Z");
      expect(await channel().toPayloads(companyId, events)).toEqual([
        { __typename: "MediaFileDeleted", mediaFileId },
        { __typename: "MediaFileDeleted", mediaFileId: other },
        { __typename: "MediaFileDeleted", mediaFileId: passing },
        { __typename: "MediaFilePurged", mediaFileId: companyId },
        { __typename: "MediaFilePurged", mediaFileId: companyId },
        { __typename: "IntegrityChanged", mediaFiles: [] },
      ]);
      now = new Date();
    });

    it("costs one statement, however many the files are", async () => {
      const { agent } = world.people;
      const companyId = await world.newCompany();
      const files = await Promise.all([1, 2, 3].map(() => uploadMedia(agent, { companyId })));
      const events = files.map(({ id }) => event("file.added", { mediaFileId: id }));
      for (const some of [events.slice(0, 1), events]) {
        await channel().toPayloads(companyId, some);
        statements.length = 0;
        expect(await channel().toPayloads(companyId, some)).toHaveLength(some.length);
        expect(statements).toHaveLength(1);
      }
    });
  });
});
