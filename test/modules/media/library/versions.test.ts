import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  AddMediaUsageDocument,
  DeleteAttachmentDocument,
  DeleteMediaFileDocument,
  MediaFileDocument,
  MediaFilesDocument,
  RemoveMediaUsageDocument,
  ReplaceMediaFileDocument,
  RestoreMediaFileDocument,
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
import { downloadStatus, startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const replace = async ({ client }: SignedIn, id: string, file: File) => {
  const variables = { input: { id, file } };
  return (await client.mutate({ mutation: ReplaceMediaFileDocument, variables })).data!.replaceMediaFile;
};

const textOf = async (url: string, { token }: SignedIn) =>
  (await fetch(url.split("?", 1)[0]!, { headers: bearer(token) })).text();

describe("a file that is replaced", () => {
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

  it("keeps its id, its URL and its usages, and its old contents as versions, the newest first", async () => {
    const { agent, manager } = world.people;
    const first = await uploadMedia(agent, { companyId, file: fileOf("plan.txt", "one") });
    const usage = { mediaFileId: first.id, resourceType: "page", resourceId: "1", fieldName: "plan" };
    await world.server.gql(AddMediaUsageDocument, { input: usage }, agent.token);
    await replace(manager, first.id, fileOf("plan-b.txt", "two, longer"));
    const now = await replace(manager, first.id, fileOf("plan-c.txt", "three"));
    expect(now).toMatchObject({
      id: first.id,
      fileName: "plan-c.txt",
      size: 5,
      sha256: sha256(Buffer.from("three")),
    });
    const { data } = await world.server.gql(MediaFileDocument, { id: first.id }, agent.token);
    expect(data?.mediaFile).toMatchObject({
      usages: [{ resourceType: "page" }],
      uploadedBy: { id: manager.id },
      versions: [
        { fileName: "plan-b.txt", size: 11, uploadedBy: { id: manager.id } },
        { fileName: "plan.txt", size: 3, createdAt: first.createdAt, uploadedBy: { id: agent.id } },
      ],
    });
    const versions = data!.mediaFile!.versions;
    expect(await textOf(first.url, agent)).toBe("three");
    expect(await Promise.all(versions.map(({ url }) => textOf(url, agent)))).toEqual(["two, longer", "one"]);
    // Versions are files of nobody's but the file's own.
    const listed = await world.server.gql(MediaFilesDocument, { companyId, first: 100 }, agent.token);
    expect(listed.data!.mediaFiles.nodes.map(({ id }) => id)).toEqual([first.id]);
    const versionId = versions[0]!.id;
    expect(
      (await world.server.gql(MediaFileDocument, { id: versionId }, agent.token)).data?.mediaFile,
    ).toBeNull();
    expect(codeIn(await world.server.gql(DeleteMediaFileDocument, { id: versionId }, manager.token))).toBe(
      "NOT_FOUND",
    );
    await world.server.gql(RemoveMediaUsageDocument, { input: usage }, agent.token);
  });

  it("has another URL for its new content, so that no cache shows the old one", async () => {
    const { agent } = world.people;
    const first = await uploadMedia(agent, { companyId, file: fileOf("a.txt", "old") });
    const now = await replace(agent, first.id, fileOf("a.txt", "new"));
    expect(now.url).not.toBe(first.url);
    expect(new URL(now.url).searchParams.get("v")).toBe(sha256(Buffer.from("new")).slice(0, 12));
    // The old URL is good as well, and never shows the old content.
    for (const url of [first.url, now.url]) expect(await (await fetch(url)).text()).toBe("new");
  });

  it("is never in a public cache for long under a URL that does not name its content", async () => {
    const { agent } = world.people;
    const picture = async (width: number) => fileOf("a.png", await makePng({ width, height: 40 }));
    const { id } = await uploadMedia(agent, { companyId, bucket: "PUBLIC_PAGES", file: await picture(50) });
    const urlNow = async () => {
      await renderPending(world.server);
      const { data } = await world.server.gql<{ mediaFile: { variants: { url: string }[] } }>(
        "query ($id: ID!) { mediaFile(id: $id) { variants { url } } }",
        { id },
        agent.token,
      );
      return data!.mediaFile.variants[0]!.url;
    };
    const answer = async (url: string) => {
      const { headers } = await fetch(url);
      return { etag: headers.get("etag"), kept: headers.get("cache-control") };
    };
    const oldUrl = await urlNow();
    const before = await answer(oldUrl);
    expect(before.kept).toBe("public, max-age=86400, immutable");
    await replace(agent, id, await picture(60));
    const newUrl = await urlNow();
    expect(newUrl).not.toBe(oldUrl);
    const after = await answer(newUrl);
    expect(after.kept).toBe("public, max-age=86400, immutable");
    expect(after.etag).not.toBe(before.etag);
    for (const url of [oldUrl, newUrl.split("?", 1)[0]!])
      expect(await answer(url)).toEqual({ etag: after.etag, kept: "public, max-age=60" });
  });

  it("takes its versions with it when it is deleted, and brings them back", async () => {
    const { agent, requester, stranger } = world.people;
    const { id } = await uploadMedia(agent, { companyId, file: fileOf("a.txt", "first") });
    const { versions } = await replace(agent, id, fileOf("b.txt", "second"));
    const url = versions[0]!.url;
    const statuses = () =>
      Promise.all([agent, requester, stranger].map((person) => downloadStatus(url, person)));
    expect(await statuses()).toEqual([200, 404, 404]);
    await world.server.gql(DeleteMediaFileDocument, { id }, agent.token);
    expect(await statuses()).toEqual([410, 404, 404]);
    await world.server.gql(RestoreMediaFileDocument, { id }, agent.token);
    expect(await statuses()).toEqual([200, 404, 404]);
  });

  it("is not replaced by others when somebody has attached it: an attachment says whose its bytes are", async () => {
    const { requester, manager, admin } = world.people;
    const file = fileOf("evidence.txt", "what I saw");
    const { attachments } = await world.openTicket(requester, { companyId, files: [file] });
    const { id, url } = attachments.nodes[0]!.mediaFile!;
    await expect(replace(manager, id, fileOf("evidence.txt", "what suits me"))).rejects.toThrow(
      /Somebody else has attached this file/,
    );
    expect(await textOf(url, requester)).toBe("what I saw");
    expect(await codeOf(replace(admin, id, fileOf("evidence.txt", "without names")))).toBe("ok");
  });

  it("stays in its bucket: what the bucket does not take is refused, and nothing changes", async () => {
    const { agent } = world.people;
    const photo = await uploadMedia(agent, {
      companyId,
      bucket: "PHOTOS",
      file: fileOf("a.png", await makePng()),
    });
    expect(await codeOf(replace(agent, photo.id, fileOf("a.txt", "text")))).toBe("UNSUPPORTED_FILE_TYPE");
    const { data } = await world.server.gql(MediaFileDocument, { id: photo.id }, agent.token);
    expect(data?.mediaFile).toMatchObject({ sha256: photo.sha256, versions: [] });
  });

  it("is counted by its ticket's quota with its new size", async () => {
    const { requester, agent } = world.people;
    const file = fileOf("log.txt", "x".repeat(1_000));
    const { id: ticketId, attachments } = await world.openTicket(requester, { companyId, files: [file] });
    const [attachment] = attachments.nodes;
    const mediaFileId = attachment!.mediaFile!.id;
    const bytes = async () =>
      (await world.server.gql(TicketDocument, { id: ticketId }, agent.token)).data!.ticket!.attachmentBytes;
    await replace(requester, mediaFileId, fileOf("log.txt", "y".repeat(5_000)));
    expect(await bytes()).toBe(5_000);
    expect(await codeOf(replace(requester, mediaFileId, fileOf("log.txt", "z".repeat(1_100_000))))).toBe(
      "QUOTA_EXCEEDED",
    );
    await replace(requester, mediaFileId, fileOf("log.txt", "z"));
    expect(await bytes()).toBe(1);
    await world.server.gql(DeleteAttachmentDocument, { id: attachment!.id }, requester.token);
    expect(await bytes()).toBe(0);
  });
});
