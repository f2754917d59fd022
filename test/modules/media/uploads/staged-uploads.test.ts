import { createHash, randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld, Speaker } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import { arrivingUploads, storageOf, storesInS3 } from "../../../support/desk-storage.js";
import type { StartUploadInput } from "../../../support/generated/operations.js";
import {
  CancelUploadDocument,
  StagedUploadDocument,
  StagedUploadsDocument,
  UploadTicketAttachmentsDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { fixture, makePng } from "../../../support/make-files.js";
import {
  BYTES,
  headOf,
  patchBytes,
  stageFile,
  startUpload,
  TUS,
  tusRequest,
} from "../../../support/staged-uploads.js";
import { codeIn, codeOf } from "../../../support/test-client.js";

let world: ChatWorld;
let companyId: string;
let ticketId: string;

beforeAll(async () => {
  world = await startChatWorld({ env: { STAGED_UPLOADS: "20" } });
  companyId = await world.newCompany();
  ({ id: ticketId } = await world.openTicket(world.people.requester, { companyId }));
});
afterAll(() => world.close());

const text = () => Buffer.from(`a note ${randomUUID()}\n`.repeat(50));
const as = ({ token }: Pick<Speaker, "token">) => ({ url: world.server.url, token });
const requester = () => as(world.people.requester);
const forTicket = (more: Partial<StartUploadInput> = {}): StartUploadInput => ({
  bucket: "ATTACHMENTS",
  ticketId,
  fileName: "note.txt",
  mimeType: "text/plain",
  ...more,
});
const attach = (stagedUploadIds: string[], { token } = requester(), ticket = ticketId) =>
  world.server.gql(UploadTicketAttachmentsDocument, { input: { ticketId: ticket, stagedUploadIds } }, token);
const stateOf = async (id: string, { token } = requester()) =>
  (await world.server.gql(StagedUploadDocument, { id }, token)).data?.stagedUpload;
const stagedBytes = () => arrivingUploads(world.server.dataFolder);
const isStored = async (key: string) => (await storageOf(world.server.dataFolder).stat(key)) !== null;
/** What rows promise that is not so; files of the library need no use. */
const broken = async () =>
  (await brokenPromises(world.server.database.sql, world.server.dataFolder)).filter(
    (promise) => !promise.endsWith("lives and has no usage"),
  );

describe("a staged upload", () => {
  it("arrives in parts, is checked with its last byte, and becomes an attachment once", async () => {
    const bytes = text();
    const { token } = requester();
    const upload = await startUpload(requester(), forTicket({ size: bytes.length }));
    expect(upload).toMatchObject({ status: "RECEIVING", offset: 0, size: bytes.length, method: "RESUMABLE" });
    expect(upload.url).toBe(`${world.server.url}/uploads/${upload.id}`);
    expect(await patchBytes(upload.url, token, bytes.subarray(0, 100))).toMatchObject({
      status: 204,
      offset: 100,
    });
    expect(await headOf(upload.url, token)).toMatchObject({ status: 200, offset: 100 });
    expect(codeIn(await attach([upload.id]))).toBe("UPLOAD_INCOMPLETE");
    const last = await patchBytes(upload.url, token, bytes.subarray(100), { offset: 100 });
    expect(last).toMatchObject({ status: 204, offset: bytes.length });
    expect(await stateOf(upload.id)).toMatchObject({ status: "READY", mimeType: "text/plain" });
    expect(await stagedBytes()).not.toContain(upload.id);

    const { data } = await attach([upload.id]);
    const [attachment] = data!.uploadTicketAttachments;
    expect(attachment).toMatchObject({ fileName: "note.txt", size: bytes.length });
    const { database } = world.server;
    const [file] =
      await database.sql`select f.id, b.sha256 from media_files f join blobs b on b.id = f.blob_id
      join attachments a on a.media_file_id = f.id where a.id = ${attachment!.id}`;
    expect(file!.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(await stateOf(upload.id)).toMatchObject({ status: "USED", mediaFileId: file!.id });
    expect(codeIn(await attach([upload.id]))).toBe("CONFLICT");
    expect(await broken()).toEqual([]);
  });

  it("is listed for its uploader until it is used, and only for them", async () => {
    const id = await stageFile(requester(), forTicket(), text());
    const list = async ({ token }: Pick<Speaker, "token">) =>
      (await world.server.gql(StagedUploadsDocument, {}, token)).data!.stagedUploads.map((one) => one.id);
    expect(await list(world.people.requester)).toContain(id);
    expect(await list(world.people.manager)).toEqual([]);
    expect(await stateOf(id, as(world.people.manager))).toBeNull();
    await attach([id]);
    expect(await list(world.people.requester)).not.toContain(id);
  });

  it("cannot be used, seen, continued or removed by anybody else", async () => {
    const { id, url } = await startUpload(requester(), forTicket({ size: 20 }));
    for (const person of ["manager", "participant", "stranger", "admin"] as const) {
      const { token } = world.people[person];
      expect((await headOf(url, token)).status).toBe(404);
      expect((await patchBytes(url, token, Buffer.alloc(20))).status).toBe(404);
      expect((await tusRequest(url, { method: "DELETE", token, headers: TUS })).status).toBe(404);
      expect(codeIn(await world.server.gql(CancelUploadDocument, { id }, token))).toBe("NOT_FOUND");
    }
    expect((await headOf(url, undefined)).status).toBe(401);
    const whole = await stageFile(requester(), forTicket(), text());
    expect(codeIn(await attach([whole], as(world.people.manager)))).toBe("NOT_FOUND");
    expect((await tusRequest(url, { method: "GET", token: requester().token })).status).toBe(405);
    expect(await headOf(url, requester().token)).toMatchObject({ status: 200, offset: 0 });
  });

  it("is refused with its last byte when its content is not what is allowed, and leaves no bytes", async () => {
    const { id, url } = await startUpload(requester(), forTicket({ size: 4_000, fileName: "scan.pdf" }));
    const program = Buffer.concat([Buffer.from("MZ"), randomBytes(3_998)]);
    const last = await patchBytes(url, requester().token, program);
    expect(last.status).toBe(415);
    expect(await stateOf(id)).toMatchObject({ status: "REFUSED", refusal: { code: last.code } });
    expect(await stagedBytes()).not.toContain(id);
    expect(codeIn(await attach([id]))).toBe(last.code);
    expect((await headOf(url, requester().token)).status).toBe(415);
  });

  it("is refused before its first byte by what it says of itself, and by what its viewer may do", async () => {
    const outcome = (input: Partial<StartUploadInput>, by = requester()) =>
      startUpload(by, forTicket(input)).then(
        () => "ok",
        (error: { code: string }) => error.code,
      );
    expect(await outcome({ fileName: "setup.exe" })).toBe("UNSUPPORTED_FILE_TYPE");
    expect(await outcome({ size: 51 * 1024 ** 2 })).toBe("FILE_TOO_LARGE");
    expect(await outcome({ size: 0 })).toBe("CORRUPT_FILE");
    expect(await outcome({ fileName: "upload", mimeType: "text/html" })).toBe("UNSUPPORTED_FILE_TYPE");
    expect(await outcome({}, as(world.people.stranger))).toBe("NOT_FOUND");
    expect(await outcome({ ticketId: null })).toBe("BAD_USER_INPUT");
    expect(await outcome({ companyId })).toBe("BAD_USER_INPUT");
    expect(await outcome({ bucket: "CHAT" })).toBe("BAD_USER_INPUT");
    // Without an object store there is nothing that a client could write to.
    expect(await outcome({ method: "DIRECT", size: 9 })).toBe(storesInS3() ? "ok" : "BAD_USER_INPUT");
    const logo = { bucket: "COMPANY_LOGOS", ticketId: null, companyId } as const;
    expect(await outcome({ ...logo, fileName: "a.png" })).toBe("FORBIDDEN");
    expect(await outcome(logo, as(world.people.manager))).toBe("UNSUPPORTED_FILE_TYPE");
    const anonymous = startUpload({ url: world.server.url, token: undefined }, forTicket());
    await expect(anonymous).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("is one of a limited number", async () => {
    const by = as(world.people.agent);
    await Promise.allSettled(Array.from({ length: 25 }, () => startUpload(by, forTicket({ size: 9 }))));
    const { data } = await world.server.gql(StagedUploadsDocument, {}, by.token);
    expect(data!.stagedUploads).toHaveLength(20);
    await expect(startUpload(by, forTicket({ size: 9 }))).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
    const { id } = data!.stagedUploads[0]!;
    const { data: cancelled } = await world.server.gql(CancelUploadDocument, { id }, by.token);
    expect(cancelled!.cancelUpload.status).toBe("CANCELLED");
    await startUpload(by, forTicket({ size: 9 }));
  });

  it("is used once when two mutations race for it, and stays usable when its mutation fails", async () => {
    const id = await stageFile(requester(), forTicket(), text());
    const both = await Promise.all([attach([id]), attach([id])]);
    expect(both.map(codeIn).sort()).toEqual(["CONFLICT", "ok"]);

    const other = await stageFile(requester(), forTicket(), text());
    expect(codeIn(await attach([other, randomUUID()]))).toBe("NOT_FOUND");
    const elsewhere = await world.openTicket(world.people.agent, { companyId });
    expect(codeIn(await attach([other], requester(), elsewhere.id))).toBe("NOT_FOUND");
    // Full inside the transaction, after the file has been recorded.
    const { sql } = world.server.database;
    await sql`update tickets set attachment_bytes = attachment_bytes + 10::bigint ^ 9 where id = ${ticketId}`;
    expect(codeIn(await attach([other]))).toBe("QUOTA_EXCEEDED");
    await sql`update tickets set attachment_bytes = attachment_bytes - 10::bigint ^ 9 where id = ${ticketId}`;
    expect(codeIn(await attach([other]))).toBe("ok");
    expect(await broken()).toEqual([]);
  });

  it("shares the bytes that its company has already", async () => {
    const bytes = text();
    const ids = [
      await stageFile(requester(), forTicket(), bytes),
      await stageFile(requester(), forTicket({ fileName: "again.txt" }), bytes),
      await stageFile(requester(), forTicket({ fileName: "later.txt" }), bytes),
    ];
    const { sql } = world.server.database;
    const { data } = await attach(ids.slice(0, 2));
    expect(data!.uploadTicketAttachments.map(({ fileName }) => fileName)).toEqual(["note.txt", "again.txt"]);
    expect(codeIn(await attach(ids.slice(2)))).toBe("ok");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(
      await sql`select 1 from blobs where sha256 = ${sha256} and company_id = ${companyId}`,
    ).toHaveLength(1);
    expect(await broken()).toEqual([]);
    const kept = await sql`select storage_key from staged_uploads where storage_key is not null`;
    const stray = await strayFiles(sql, world.server.dataFolder);
    const finished = stray.filter((key) => !/^(\.staged|staging)\//.test(key));
    expect(finished.sort()).toEqual(kept.map((row) => row.storage_key as string).sort());
  });

  it("is taken by every mutation that takes files", async () => {
    const { people, server } = world;
    const manager = as(people.manager);
    const png = async () => makePng({ width: 50, height: 40 + Math.ceil(Math.random() * 900) });
    const stage = async (input: Omit<StartUploadInput, "size">, bytes: Buffer) =>
      stageFile(manager, input, bytes);
    const picture = async (input: Pick<StartUploadInput, "bucket"> & Partial<StartUploadInput>) =>
      stage({ fileName: "picture.png", ...input }, await png());
    const run = async (mutation: string, variables: Record<string, unknown>) => {
      const answer = await server.gql<Record<string, { id: string }>>(mutation, variables, manager.token);
      expect(answer.errors ?? []).toEqual([]);
      return Object.values(answer.data!)[0]!;
    };
    const one = (name: string, type: string) =>
      `mutation ($input: ${type}!) { ${name}(input: $input) { id } }`;

    const note = async (input: Partial<StartUploadInput>) =>
      stage({ bucket: "ATTACHMENTS", fileName: "note.txt", ...input }, text());
    await run(one("createTicket", "CreateTicketInput"), {
      input: { companyId, subject: "New", stagedUploadIds: [await note({ companyId })] },
    });
    const { id: replyId } = await run(one("addReply", "AddReplyInput"), {
      input: { ticketId, body: "See", stagedUploadIds: [await note({ ticketId })] },
    });
    await run(one("uploadReplyAttachments", "UploadReplyAttachmentsInput"), {
      input: { replyId, stagedUploadIds: [await note({ replyId })] },
    });
    await run(one("createPhoto", "CreatePhotoInput"), {
      input: { ticketId, stagedUploadId: await picture({ bucket: "PHOTOS", ticketId }) },
    });
    const { id: seriesId } = await run(one("createPhotoSeries", "CreatePhotoSeriesInput"), {
      input: { ticketId, photos: [{ stagedUploadId: await picture({ bucket: "PHOTOS", ticketId }) }] },
    });
    await run(one("addToPhotoSeries", "AddToPhotoSeriesInput"), {
      input: { seriesId, photos: [{ stagedUploadId: await picture({ bucket: "PHOTOS", ticketId }) }] },
    });
    const clip = await stage({ bucket: "VIDEOS", ticketId, fileName: "clip.mp4" }, fixture("clip.mp4"));
    await run(one("createVideoClip", "CreateVideoClipInput"), { input: { ticketId, stagedUploadId: clip } });
    const page = await picture({ bucket: "PUBLIC_PAGES", companyId });
    const { id: mediaFileId } = await run(one("uploadMedia", "UploadMediaInput"), {
      input: { companyId, bucket: "PUBLIC_PAGES", stagedUploadId: page },
    });
    await run(one("replaceMediaFile", "ReplaceMediaFileInput"), {
      input: { id: mediaFileId, stagedUploadId: await picture({ bucket: "PUBLIC_PAGES", mediaFileId }) },
    });
    await run(one("setCompanyLogo", "SetCompanyLogoInput"), {
      input: { companyId, stagedUploadId: await picture({ bucket: "COMPANY_LOGOS", companyId }) },
    });
    await run("mutation ($id: ID) { setAvatar(stagedUploadId: $id) { id } }", {
      id: await picture({ bucket: "AVATARS" }),
    });
    expect(await codeOf(server.gql("mutation { setAvatar { id } }", {}, manager.token).then(failing))).toBe(
      "ok",
    );

    const conversationId = await world.start({ companyId });
    const guest = await world.guestIn(conversationId);
    const photo = await stageFile(
      as(guest),
      { bucket: "CHAT", conversationId, fileName: "room.png" },
      await png(),
    );
    const said = await world.say(guest, conversationId, { stagedUploadIds: [photo] });
    expect(said.attachments.nodes).toHaveLength(1);
    expect(await broken()).toEqual([]);
  });

  it("expires, and is swept with its bytes, while one that is still needed is kept", async () => {
    const { services, database } = world.server;
    const { sql } = database;
    const ready = await stageFile(requester(), forTicket(), text());
    const half = await startUpload(requester(), forTicket({ size: 20 }));
    await patchBytes(half.url, requester().token, Buffer.alloc(10, "a"));
    const kept = await stageFile(requester(), forTicket(), text());
    const [row] = await sql`select storage_key from staged_uploads where id = ${ready}`;
    await sql`update staged_uploads set expires_at = now() - interval '1 second' where id in (${ready}, ${half.id})`;
    expect(codeIn(await attach([ready]))).toBe("GONE");
    expect((await headOf(half.url, requester().token)).status).toBe(410);
    expect(await stateOf(ready)).toBeNull();
    expect(await services.upkeep.sweepUploads({ dryRun: true })).toMatchObject({ expired: 2 });
    expect(await services.upkeep.sweepUploads()).toMatchObject({ expired: 2 });
    expect(await isStored(row!.storage_key as string)).toBe(false);
    expect(await stagedBytes()).not.toContain(half.id);
    expect((await headOf(half.url, requester().token)).status).toBe(404);
    // However old its bytes are, the sweep of the storage knows that an upload has them.
    await services.upkeep.sweepStorage({ evenMany: true });
    expect(codeIn(await attach([kept]))).toBe("ok");
  });
});

const failing = (answer: { errors?: readonly { extensions: { code: string } }[] }) => {
  expect(answer.errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
};

describe("the protocol", () => {
  it("tells what the server can do, and reads its version in each request", async () => {
    const url = `${world.server.url}/uploads`;
    const options = await tusRequest(url, { method: "OPTIONS" });
    expect(options.status).toBe(204);
    expect(options.headers.get("tus-version")).toBe("1.0.0");
    expect(options.headers.get("tus-extension")).toContain("creation-defer-length");
    expect(options.headers.get("tus-checksum-algorithm")).toContain("sha1");
    expect(Number(options.headers.get("tus-max-size"))).toBeGreaterThan(0);
    const without = await tusRequest(url, { method: "POST", token: requester().token });
    expect([without.status, without.headers.get("tus-version")]).toEqual([412, "1.0.0"]);
  });

  it("is for pages of the configured origins alone", async () => {
    const preflight = (origin: string) =>
      tusRequest(`${world.server.url}/uploads/${randomUUID()}`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "PATCH",
          "access-control-request-headers": "authorization,tus-resumable,upload-offset,content-type",
        },
      });
    const ours = await preflight("http://localhost:5173");
    expect(ours.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
    expect(ours.headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(ours.headers.get("access-control-expose-headers")).toContain("upload-offset");
    expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
  });

  it("creates an upload with its first bytes, by a tus client that has not asked GraphQL", async () => {
    const bytes = text();
    const { token } = requester();
    const encode = (value: string) => Buffer.from(value).toString("base64");
    const metadata = { bucket: "ATTACHMENTS", ticketId, filename: "Ünder.txt", filetype: "text/plain" };
    const headerOf = (pairs: Readonly<Record<string, string>>) =>
      Object.entries(pairs)
        .map(([key, value]) => `${key} ${encode(value)}`)
        .join(",");
    const header = headerOf(metadata);
    const create = (headers: Record<string, string>, body?: Buffer) =>
      tusRequest(`${world.server.url}/uploads`, {
        method: "POST",
        token,
        ...(body && { body: new Uint8Array(body) }),
        headers: { ...TUS, "upload-metadata": header, ...headers },
      });
    const whole = await create({ ...BYTES, "upload-length": String(bytes.length) }, bytes);
    expect(whole).toMatchObject({ status: 201, offset: bytes.length });
    const id = whole.headers.get("location")!.split("/").at(-1)!;
    expect(await stateOf(id)).toMatchObject({ status: "READY", fileName: "Ünder.txt" });
    const begun = await create({ "upload-length": "9" });
    const again = await headOf(begun.headers.get("location")!, token);
    expect(again.headers.get("upload-metadata")).toBe(header);
    expect(Date.parse(again.headers.get("upload-expires")!)).toBeGreaterThan(Date.now());
    expect((await create({})).status).toBe(400);
    expect((await create({ "upload-length": "x" })).status).toBe(400);
    expect((await create({ "upload-length": "9", "upload-metadata": "a !" })).status).toBe(400);
    for (const wrong of [
      { filetype: "a\0b" },
      { filetype: "a\r\nb: c" },
      { filename: "\u200b" },
      { filename: "a".repeat(256) },
    ])
      expect(
        (await create({ "upload-length": "9", "upload-metadata": headerOf({ ...metadata, ...wrong }) }))
          .status,
      ).toBe(400);
    expect(
      (await create({ "upload-length": "9", "upload-metadata": "__proto__ YQ==,bucket Wg==" })).status,
    ).toBe(400);
    expect((await create({ "upload-length": String(2 ** 40) })).status).toBe(413);
    expect((await create({ "upload-length": "9", "upload-concat": "partial" })).status).toBe(400);
  });

  it("takes an upload whose size is stated later", async () => {
    const bytes = text();
    const { token } = requester();
    const { id, url } = await startUpload(requester(), forTicket());
    expect((await headOf(url, token)).headers.get("upload-defer-length")).toBe("1");
    await patchBytes(url, token, bytes.subarray(0, 10));
    const headers = { "upload-length": String(bytes.length) };
    expect(await patchBytes(url, token, bytes.subarray(10), { offset: 10, headers })).toMatchObject({
      status: 204,
    });
    expect(await stateOf(id)).toMatchObject({ status: "READY", size: bytes.length });
  });

  it("refuses other offsets, more bytes than announced, and bytes with another checksum", async () => {
    const bytes = text();
    const { token } = requester();
    const { id, url } = await startUpload(requester(), forTicket({ size: bytes.length }));
    const sha1 = (of: Buffer) => ({
      "upload-checksum": `sha1 ${createHash("sha1").update(of).digest("base64")}`,
    });
    const part = bytes.subarray(0, 200);
    expect(await patchBytes(url, token, part, { headers: sha1(bytes) })).toMatchObject({ status: 460 });
    expect(await headOf(url, token)).toMatchObject({ offset: 0 });
    expect(await patchBytes(url, token, part, { headers: { "upload-checksum": "crc9 YQ==" } })).toMatchObject(
      { status: 400 },
    );
    expect(await patchBytes(url, token, part, { headers: sha1(part) })).toMatchObject({
      status: 204,
      offset: 200,
    });
    expect(await patchBytes(url, token, part)).toMatchObject({ status: 409, code: "CONFLICT" });
    expect(await patchBytes(url, token, Buffer.alloc(bytes.length), { offset: 200 })).toMatchObject({
      status: 413,
    });
    expect(
      await patchBytes(url, token, part, { offset: 200, headers: { "content-type": "text/plain" } }),
    ).toMatchObject({ status: 415 });
    expect(await headOf(url, token)).toMatchObject({ offset: 200 });
    const rest = { offset: 200, headers: { "x-http-method-override": "PATCH" } };
    const post = await tusRequest(url, {
      method: "POST",
      token,
      body: new Uint8Array(bytes.subarray(200)),
      headers: { ...BYTES, "upload-offset": "200", ...rest.headers },
    });
    expect(post).toMatchObject({ status: 204, offset: bytes.length });
    expect(await stateOf(id)).toMatchObject({ status: "READY" });
    expect((await patchBytes(url, token, part)).status).toBe(409);
  });

  it("removes an upload with its bytes, but nothing that has been used", async () => {
    const { token } = requester();
    const remove = (url: string) => tusRequest(url, { method: "DELETE", token, headers: TUS });
    const { id, url } = await startUpload(requester(), forTicket({ size: 20 }));
    await patchBytes(url, token, Buffer.alloc(10, "a"));
    expect(await stagedBytes()).toContain(id);
    expect((await remove(url)).status).toBe(204);
    expect(await stagedBytes()).not.toContain(id);
    expect((await headOf(url, token)).status).toBe(410);
    expect((await remove(url)).status).toBe(410);

    const ready = await stageFile(requester(), forTicket(), text());
    const { sql } = world.server.database;
    const [row] = await sql`select storage_key from staged_uploads where id = ${ready}`;
    expect(await isStored(row!.storage_key as string)).toBe(true);
    expect((await remove(`${world.server.url}/uploads/${ready}`)).status).toBe(204);
    expect(await isStored(row!.storage_key as string)).toBe(false);

    const used = await stageFile(requester(), forTicket(), text());
    await attach([used]);
    expect((await remove(`${world.server.url}/uploads/${used}`)).status).toBe(409);
    expect(await broken()).toEqual([]);
  });
});
