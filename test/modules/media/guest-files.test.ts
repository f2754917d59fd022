import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { GuestViewer } from "../../../src/modules/identity/viewer.js";
import { fileAtHand } from "../../../src/platform/http/multipart/incoming-files.js";
import type { RestoreMediaFileDocument } from "../../support/generated/operations.js";
import {
  DeleteMediaFileDocument,
  MediaFilesDocument,
  SetCompanyLogoDocument,
  StorageReportDocument,
  UpdateMediaFileDocument,
  UploadMediaDocument,
} from "../../support/generated/operations.js";
import type { GuestRows } from "../../support/guest-world.js";
import { guestRows } from "../../support/guest-world.js";
import { fileOf, uploadMedia } from "../../support/library-world.js";
import { makeJpeg } from "../../support/make-files.js";
import type { MessageFiles } from "../../support/message-files.js";
import { openMessageFiles } from "../../support/message-files.js";
import { renderPending } from "../../support/render-pending.js";
import { bearer, codeIn, codeOf, createClient, postGraphQL } from "../../support/test-client.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;
let files: MessageFiles;
let rows: GuestRows;
let companyId: string;
let conversationId: string;
let guest: GuestViewer;
let token: string;

async function newGuest(conversation = conversationId) {
  const { sessions } = files.services;
  const { accessToken } = await sessions.issueGuestToken(await rows.guest(conversation));
  return { token: accessToken, guest: (await sessions.viewerOf(accessToken)) as GuestViewer };
}

/** A file on a message of the guest's. @returns the media file's id */
async function send(by: GuestViewer): Promise<string> {
  const messageId = await rows.message(by.conversationId, { guestId: by.id });
  const [id] = await files.attach(by, messageId, { name: "a.txt", bytes: Buffer.from(randomUUID()) });
  const [row] = await world.server.database.sql`select media_file_id from attachments where id = ${id!}`;
  return row!.media_file_id;
}

const ask = <Data = Record<string, unknown>>(query: string, variables: object, as = token) =>
  postGraphQL<Data, object>(files.url, query, variables, as);

async function reach(mediaFileId: string): Promise<[shown: boolean, download: number]> {
  const { data } = await ask("query ($id: ID!) { mediaFile(id: $id) { id } }", { id: mediaFileId });
  const response = await fetch(`${files.url}/files/${mediaFileId}/a`, { headers: bearer(token) });
  await response.arrayBuffer();
  return [data?.mediaFile != null, response.status];
}

/** A file that was stored and that nothing uses. */
const storeUnused = (by: GuestViewer, companyId: string): Promise<string> =>
  files.services.ingest.ingestFiles({
    viewer: by,
    companyId,
    bucket: "CHAT",
    incoming: {
      requestBytes: null,
      files: [fileAtHand({ fileName: "a.txt", open: () => textFile().stream() as never })],
    },
    permit: null,
    inTransaction: async (_tx, [file]) => file!.id,
  });

describe("guest files", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { UPLOADS_PER_MINUTE: "4" } });
    files = await openMessageFiles(world.server);
    rows = guestRows(world.server.database.sql);
    companyId = await world.newCompany();
    conversationId = await rows.conversation(companyId, world.people.agent.id);
  });

  afterAll(async () => {
    await files?.close();
    await world?.close();
  });

  beforeEach(async () => {
    ({ guest, token } = await newGuest());
  });

  describe("a guest", () => {
    it("reaches the files of its own conversation, and no other of the company", async () => {
      const { agent, manager, requester } = world.people;
      expect(await reach(await send(guest))).toEqual([true, 200]);
      const fellow = await newGuest();
      expect(await reach(await send(fellow.guest))).toEqual([true, 200]);
      const neighbour = await newGuest(await rows.conversation(companyId, agent.id));
      expect(await reach(await send(neighbour.guest))).toEqual([false, 404]);
      expect(await reach((await uploadMedia(agent, { companyId })).id)).toEqual([false, 404]);
      expect(await reach(await storeUnused(guest, companyId))).toEqual([false, 404]);

      const logo = fileOf("logo.jpg", await makeJpeg());
      await manager.client.mutate({
        mutation: SetCompanyLogoDocument,
        variables: { input: { companyId, file: logo } },
      });
      await world.openTicket(requester, { companyId, files: [textFile()] });
      const others = await world.server.database.sql<{ id: string }[]>`
      select id from media_files where company_id = ${companyId} and bucket in ('COMPANY_LOGOS', 'ATTACHMENTS')`;
      expect(others.length).toBeGreaterThan(2);
      for (const { id } of others) expect(await reach(id)).toEqual([false, 404]);
    });

    it("sees a company's branding, as everybody does", async () => {
      await renderPending(world.server);
      const [{ slug }] = (await world.server.database
        .sql`select slug from companies where id = ${companyId}`) as unknown as [{ slug: string }];
      const query = "query ($slug: String!) { companyBranding(slug: $slug) { logoUrl } }";
      const { data } = await ask<{ companyBranding: { logoUrl: string } }>(query, { slug });
      expect(
        (await fetch(data!.companyBranding.logoUrl.replace(/^https?:\/\/[^/]+/, files.url))).status,
      ).toBe(200);
    });

    it("changes, deletes and restores no file, not even one of its own", async () => {
      const own = await send(guest);
      for (const query of [
        'mutation ($id: ID!) { updateMediaFile(input: { id: $id, fileName: "b.txt" }) { id } }',
        "mutation ($id: ID!) { deleteMediaFile(id: $id) { id } }",
        "mutation ($id: ID!) { restoreMediaFile(id: $id) { id } }",
        `mutation ($id: ID!) { addMediaUsage(input: {
        mediaFileId: $id, resourceType: "page", resourceId: "1", fieldName: "image" }) { resourceId } }`,
      ])
        expect(codeIn(await ask(query, { id: own }))).toBe("FORBIDDEN");
    });

    it("lists nothing of the company's library", async () => {
      for (const query of [
        "query ($id: ID!) { mediaFiles(companyId: $id) { nodes { id } } }",
        "query ($id: ID!) { orphanedMediaFiles(companyId: $id) { nodes { id } } }",
        "query ($id: ID!) { storageReport(companyId: $id) { files } }",
        "mutation ($id: ID!) { purgeOrphanedMedia(input: { companyId: $id, dryRun: true }) { files } }",
      ])
        expect(codeIn(await ask(query, { id: companyId }))).toBe("NOT_FOUND");
    });
  });

  describe("the door for uploads", () => {
    const upload = (as: string) =>
      codeOf(
        createClient(files.url, as).mutate({
          mutation: UploadMediaDocument,
          variables: { input: { companyId, bucket: "ATTACHMENTS", file: textFile() } },
        }),
      );

    it("lets guests in, each to its own number in a minute, until they are revoked", async () => {
      // What is refused behind the door came through it: guests have no library.
      for (let n = 0; n < 4; n++) expect(await upload(token)).toBe("NOT_FOUND");
      expect(await upload(token)).toBe("RATE_LIMITED");
      const fellow = await newGuest();
      expect(await upload(fellow.token)).toBe("NOT_FOUND");
      await rows.revoke(fellow.guest.id);
      expect(await upload(fellow.token)).toBe("UNAUTHENTICATED");
    });
  });

  describe("a guest's file", () => {
    it("stands in the library and in the storage report, among those of people", async () => {
      const { manager } = world.people;
      const id = await send(guest);
      const { data } = await manager.client.query({
        query: MediaFilesDocument,
        variables: { companyId, first: 1 },
        fetchPolicy: "no-cache",
      });
      expect(data!.mediaFiles.nodes[0]).toMatchObject({ id, uploadedBy: null });
      const report = await manager.client.query({
        query: StorageReportDocument,
        variables: { companyId },
        fetchPolicy: "no-cache",
      });
      expect(report.data!.storageReport.byUploader).toContainEqual(
        expect.objectContaining({ uploadedBy: null }),
      );
    });

    it("is in use and stays, and managers may rename it", async () => {
      const { manager } = world.people;
      const id = await send(guest);
      const mutate = (mutation: typeof DeleteMediaFileDocument | typeof RestoreMediaFileDocument) =>
        codeOf(createClient(files.url, manager.token).mutate({ mutation, variables: { id } }));
      expect(await mutate(DeleteMediaFileDocument)).toBe("CONFLICT");
      expect(
        await codeOf(
          createClient(files.url, manager.token).mutate({
            mutation: UpdateMediaFileDocument,
            variables: { input: { id, fileName: "renamed.txt" } },
          }),
        ),
      ).toBe("ok");
    });

    it("is purged with its company, and the guest after it", async () => {
      const { admin, agent } = world.people;
      const { sql } = world.server.database;
      const doomed = await world.newCompany();
      const { guest: stays } = await newGuest(await rows.conversation(doomed, agent.id));
      const id = await storeUnused(stays, doomed);
      const deletion = await ask(
        "mutation ($id: ID!) { deleteCompany(id: $id) { id } }",
        { id: doomed },
        admin.token,
      );
      expect(codeIn(deletion)).toBe("ok");
      await sql`update companies set deleted_at = deleted_at - interval '15 days' where id = ${doomed}`;
      expect(await world.server.services.upkeep.purgeDeleted()).toMatchObject({ companies: 1, files: 1 });
      expect(await sql`select from media_files where id = ${id}`).toHaveLength(0);
      expect(await sql`select from guests where id = ${stays.id}`).toHaveLength(0);
      expect(await sql`select from conversations where company_id = ${doomed}`).toHaveLength(0);
    });
  });
});
