import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  AddMediaUsageDocument,
  DeleteMediaFileDocument,
  MakeVersionCurrentDocument,
  MediaFileDocument,
  RemoveMediaUsageDocument,
  ReplaceMediaFileDocument,
  TicketDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises } from "../../../support/inventory.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { sha256 } from "../../../support/post-files.js";
import { renderPending } from "../../../support/render-pending.js";
import { bearer, codeIn, codeOf } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const replace = async ({ client }: SignedIn, id: string, file: File) => {
  const variables = { input: { id, file } };
  return (await client.mutate({ mutation: ReplaceMediaFileDocument, variables })).data!.replaceMediaFile;
};

const makeCurrent = (by: SignedIn, id: string, hash?: string) =>
  world.server.gql(MakeVersionCurrentDocument, { id, sha256: hash ?? null }, by.token);

const madeCurrent = async (by: SignedIn, id: string, hash?: string) =>
  (await makeCurrent(by, id, hash)).data!.makeVersionCurrent!;

const hashOf = (text: string) => sha256(Buffer.from(text));

/** A file of the agent's with the content "one" before and "two" now. */
const replaced = async (before = fileOf("one.txt", "one"), now = fileOf("two.txt", "two")) => {
  const { agent } = world.people;
  const { id } = await uploadMedia(agent, { companyId, file: before });
  const { versions } = await replace(agent, id, now);
  return { id, versionId: versions[0]!.id };
};

const contentOf = async (id: string) => {
  const { data } = await world.server.gql(MediaFileDocument, { id }, world.people.agent.token);
  return data!.mediaFile!.sha256;
};

const changesOf = async (id: string) => {
  const [row] = await world.server.database.sql<{ events: number; entries: number }[]>`
    select (select count(*)::int from events
              where type = 'file.updated' and payload ->> 'mediaFileId' = ${id}) as events,
           (select count(*)::int from audit_log
              where action = 'media-file.replaced' and subject_id = ${id}) as entries`;
  return row;
};

describe("a version that is made current", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { TICKET_MEGABYTES: "1" } });
    companyId = await world.newCompany();
  });
  afterEach(async () => {
    const { database, dataFolder } = world.server;
    const broken = await brokenPromises(database.sql, dataFolder);
    expect(broken.filter((promise) => !promise.endsWith("lives and has no usage"))).toEqual([]);
  });
  afterAll(() => world?.close());

  it("changes places with the content of its file, which keeps id and usages", async () => {
    const { agent, manager } = world.people;
    const { id, versionId } = await replaced();
    const usage = { mediaFileId: id, resourceType: "page", resourceId: "1", fieldName: "plan" };
    await world.server.gql(AddMediaUsageDocument, { input: usage }, agent.token);
    const third = await replace(manager, id, fileOf("three.txt", "three"));
    const now = await madeCurrent(manager, versionId);
    expect(now).toMatchObject({
      id,
      fileName: "one.txt",
      sha256: hashOf("one"),
      versions: [{ id: versionId, fileName: "three.txt" }, { fileName: "two.txt" }],
    });
    expect(now.url).not.toBe(third.url);
    const read = await fetch(now.url.split("?", 1)[0]!, { headers: bearer(agent.token) });
    expect(await read.text()).toBe("one");
    const { data } = await world.server.gql(MediaFileDocument, { id }, agent.token);
    expect(data?.mediaFile).toMatchObject({
      usages: [{ resourceType: "page" }],
      uploadedBy: { id: agent.id },
    });
    await world.server.gql(RemoveMediaUsageDocument, { input: usage }, agent.token);
  });

  it("is told to followers and audited once, and a repeated request that names the content changes nothing", async () => {
    const { agent } = world.people;
    const { id, versionId } = await replaced();
    expect(await changesOf(id)).toEqual({ events: 1, entries: 1 });
    for (const _ of [1, 2]) {
      const now = await madeCurrent(agent, versionId, hashOf("one"));
      expect(now.sha256).toBe(hashOf("one"));
      expect(await changesOf(id)).toEqual({ events: 2, entries: 2 });
    }
    expect((await madeCurrent(agent, id)).sha256).toBe(hashOf("one"));
    expect(codeIn(await makeCurrent(agent, versionId, hashOf("never")))).toBe("CONFLICT");
    expect(await changesOf(id)).toEqual({ events: 2, entries: 2 });
    expect((await madeCurrent(agent, versionId)).sha256).toBe(hashOf("two"));
  });

  it("is so for whoever may replace the file, while the file is there", async () => {
    const { agent, manager, requester, stranger } = world.people;
    const { id } = await uploadMedia(manager, { companyId, file: fileOf("one.txt", "one") });
    const { versions } = await replace(manager, id, fileOf("two.txt", "two"));
    const versionId = versions[0]!.id;
    const codes = [];
    for (const by of [agent, requester, stranger]) codes.push(codeIn(await makeCurrent(by, versionId)));
    expect(codes).toEqual(["FORBIDDEN", "NOT_FOUND", "NOT_FOUND"]);
    await world.server.gql(DeleteMediaFileDocument, { id }, manager.token);
    expect(codeIn(await makeCurrent(manager, versionId))).toBe("GONE");
  });

  it("is not so by others than who has attached the file, and is counted by the ticket's quota", async () => {
    const { requester, manager } = world.people;
    const file = fileOf("log.txt", "x".repeat(700_000));
    const { id: ticketId, attachments } = await world.openTicket(requester, { companyId, files: [file] });
    const mediaFileId = attachments.nodes[0]!.mediaFile!.id;
    const { versions } = await replace(requester, mediaFileId, fileOf("log.txt", "y"));
    const versionId = versions[0]!.id;
    expect(codeIn(await makeCurrent(manager, versionId))).toBe("FORBIDDEN");
    const bytes = async () =>
      (await world.server.gql(TicketDocument, { id: ticketId }, manager.token)).data!.ticket!.attachmentBytes;
    await world.attach(requester, { ticketId, files: [fileOf("b.txt", "z".repeat(400_000))] });
    expect(codeIn(await makeCurrent(requester, versionId))).toBe("QUOTA_EXCEEDED");
    expect(await bytes()).toBe(400_001);
  });

  it("counts with its size in the quota of the ticket that its file is attached to", async () => {
    const { requester, agent } = world.people;
    const file = fileOf("log.txt", "x".repeat(7_000));
    const { id: ticketId, attachments } = await world.openTicket(requester, { companyId, files: [file] });
    const { versions } = await replace(
      requester,
      attachments.nodes[0]!.mediaFile!.id,
      fileOf("log.txt", "y"),
    );
    await madeCurrent(requester, versions[0]!.id);
    const { data } = await world.server.gql(TicketDocument, { id: ticketId }, agent.token);
    expect(data!.ticket!.attachmentBytes).toBe(7_000);
  });

  it.each([
    ["PENDING", "UNVERIFIED", "FILE_NOT_SCANNED"],
    ["INFECTED", "UNVERIFIED", "FILE_INFECTED"],
    ["QUARANTINED", "DESTROYED", "FILE_INFECTED"],
    ["CLEAN", "ALTERED", "CORRUPT_FILE"],
    ["CLEAN", "MISSING", "CORRUPT_FILE"],
  ])("is refused while its bytes are %s and %s", async (scan, integrity, code) => {
    const { agent } = world.people;
    const text = `${scan} ${integrity}`;
    const { id, versionId } = await replaced(fileOf("one.txt", text));
    const { sql } = world.server.database;
    const [before] = await sql<{ scanStatus: string; integrity: string }[]>`
      select scan_status as "scanStatus", integrity from blobs where sha256 = ${hashOf(text)}`;
    const setTo = (status: string, found: string) =>
      sql`update blobs set scan_status = ${status}::scan_status, integrity = ${found}::blob_integrity
        where sha256 = ${hashOf(text)}`;
    await setTo(scan, integrity);
    expect(codeIn(await makeCurrent(agent, versionId))).toBe(code);
    expect(await contentOf(id)).toBe(hashOf("two"));
    await setTo(before!.scanStatus, before!.integrity);
    expect((await madeCurrent(agent, versionId)).sha256).toBe(hashOf(text));
  });

  it("stays an earlier one where a post requires another kind", async () => {
    const { agent, requester } = world.people;
    const { id, versionId } = await replaced(
      fileOf("one.txt", "one"),
      fileOf("a.png", await makePng({ width: 300, height: 200 })),
    );
    const ticket = await world.openTicket(requester, { companyId });
    const input = { ticketId: ticket.id, mediaFileId: id };
    const posted = await world.server.gql(
      "mutation ($input: CreatePhotoInput!) { createPhoto(input: $input) { id } }",
      { input },
      agent.token,
    );
    expect(codeIn(posted)).toBe("ok");
    expect(codeIn(await makeCurrent(agent, versionId))).toBe("UNSUPPORTED_FILE_TYPE");
  });

  it("has its variants again", async () => {
    const { agent } = world.people;
    const png = async (width: number) => fileOf("a.png", await makePng({ width, height: 200 }));
    const { id } = await uploadMedia(agent, { companyId, bucket: "PHOTOS", file: await png(300) });
    const { versions } = await replace(agent, id, await png(500));
    expect(await codeOf(madeCurrent(agent, versions[0]!.id))).toBe("ok");
    await renderPending(world.server);
    const rows = await world.server.database.sql<{ status: string }[]>`
      select variants_status as status from media_files where id = ${id} or version_of = ${id}`;
    expect(rows.map(({ status }) => status)).toEqual(["READY", "READY"]);
  });

  it("is exchanged once when it is asked for several times at once", async () => {
    const { agent, manager } = world.people;
    const { id, versionId } = await replaced();
    const askers = [agent, manager, agent, manager];
    const codes = (await Promise.all(askers.map((by) => makeCurrent(by, versionId, hashOf("one"))))).map(
      codeIn,
    );
    expect(codes).toEqual(["ok", "ok", "ok", "ok"]);
    expect(await contentOf(id)).toBe(hashOf("one"));
    expect(await changesOf(id)).toEqual({ events: 2, entries: 2 });
  });

  it("leaves every content in its place once when the file is replaced and deleted at the same time", async () => {
    const { agent, manager } = world.people;
    for (let round = 0; round < 5; round++) {
      const { id, versionId } = await replaced();
      const codes = await Promise.all([
        makeCurrent(agent, versionId).then(codeIn),
        codeOf(replace(manager, id, fileOf("three.txt", "three"))),
        world.server.gql(DeleteMediaFileDocument, { id }, manager.token).then(codeIn),
      ]);
      expect(codes.filter((code) => !["ok", "GONE", "CONFLICT"].includes(code))).toEqual([]);
      const rows = await world.server.database.sql<{ sha256: string }[]>`
        select b.sha256 from media_files f join blobs b on b.id = f.blob_id
        where f.id = ${id} or f.version_of = ${id}`;
      const expected = ["one", "two", ...(codes[1] === "ok" ? ["three"] : [])].map(hashOf);
      expect(rows.map((row) => row.sha256).sort()).toEqual(expected.sort());
    }
  });
});
