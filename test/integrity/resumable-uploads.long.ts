import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import * as tus from "tus-js-client";
import { createS3Storage } from "../../src/platform/storage/s3/s3.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import { SignInDocument, StagedUploadDocument } from "../support/generated/operations.js";
import type { S3Bucket } from "../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { BYTES, headOf, patchBytes, startUpload } from "../support/staged-uploads.js";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import { bearer, codeIn, postGraphQL } from "../support/test-client.js";
import { Uppy, UppyTus } from "../support/uppy.js";

const MB = 1_000_000;
const SIZE = 100 * MB;
const CUTS = 20;

/** Null on the local disk. */
let bucket: S3Bucket | null;
let database: TestDatabase;
let sql: postgres.Sql;
let dataFolder: string;
let server: ServerProcess;
let proxy: TcpProxy;
let token: string;
let companyId: string;

const start = (port = "0") =>
  startServerProcess({
    DATABASE_URL: database.url,
    FILEDESK_DATA: dataFolder,
    BUCKETS_FILE: join(dataFolder, "buckets.json"),
    UPLOADS_PER_MINUTE: "1000",
    UPLOAD_FILES_PER_MINUTE: "1000",
    // What renderings take is not what streams take.
    WORKER: "off",
    PORT: port,
    ...bucket?.env,
  });

async function openDesk(store: S3Bucket | null): Promise<void> {
  bucket = store;
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  dataFolder = await mkdtemp(join(tmpdir(), "filedesk-resumable-"));
  await writeFile(join(dataFolder, "buckets.json"), JSON.stringify({ ATTACHMENTS: { maxBytes: 2 * SIZE } }));
  server = await start();
  proxy = await startTcpProxy(new URL(server.url));
  const input = { email: "customer@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(server.url, SignInDocument, { input });
  token = data!.signIn.accessToken;
  companyId = data!.signIn.viewer.memberships[0]!.company.id;
}

async function closeDesk(): Promise<void> {
  proxy?.close();
  await server?.kill();
  await sql?.end();
  await database?.drop();
  await rm(dataFolder, { recursive: true, force: true });
}

const proxied = () => `http://127.0.0.1:${proxy.port}`;
const uploader = () => ({ url: server.url, token });
/** Text, whose checks read all of it, and of which no two are alike. */
const textOf = (bytes: number) => Buffer.from(randomBytes(bytes / 2).toString("hex"));
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const begin = (size: number, fileName = "log.txt") =>
  startUpload(uploader(), { bucket: "ATTACHMENTS", companyId, fileName, size });
const stateOf = async (id: string) =>
  (await postGraphQL(server.url, StagedUploadDocument, { id }, token)).data?.stagedUpload;
const through = (url: string) => `${proxied()}${new URL(url).pathname}`;

/** Takes an upload into a ticket. @returns the hash of what is stored */
async function take(id: string): Promise<string> {
  const answer = await postGraphQL<{ createTicket: { id: string } }, object>(
    server.url,
    `mutation ($input: CreateTicketInput!) { createTicket(input: $input) { id } }`,
    { input: { companyId, subject: "Log", stagedUploadIds: [id] } },
    token,
  );
  expect(codeIn(answer)).toBe("ok");
  const [row] = await sql`select b.sha256, a.id from blobs b join media_files f on f.blob_id = b.id
    join attachments a on a.media_file_id = f.id where a.ticket_id = ${answer.data!.createTicket.id}`;
  const stored = await fetch(`${server.url}/attachments/${row!.id}/log.txt`, { headers: bearer(token) });
  expect(sha256(Buffer.from(await stored.arrayBuffer()))).toBe(row!.sha256);
  return row!.sha256 as string;
}

/** Cuts 20 connections of an upload, each after a random part of it. */
const cutting = () => proxy.cutAfter(() => Math.random() * (SIZE / CUTS), CUTS);

const RETRIES = Array.from({ length: 10 * CUTS }, () => 100);

/** The server's highest memory while something is done, over what it has before. */
async function growthDuring(work: () => Promise<unknown>): Promise<number> {
  const read = async (field: string) =>
    Number(
      new RegExp(`${field}:\\s+(\\d+) kB`).exec(await readFile(`/proc/${server.pid}/status`, "utf8"))?.[1],
    ) * 1024;
  const idle = await read("VmRSS");
  await writeFile(`/proc/${server.pid}/clear_refs`, "5");
  await work();
  return (await read("VmHWM")) - idle;
}

/** The objects of uploads that are arriving. */
const countSegments = async (): Promise<number> =>
  bucket ? (await createS3Storage(bucket.store).list("staging/")).length : 0;

const onS3 = hasS3Gateway() ? describe : describe.skip;

describe.each([
  ["on the local disk", describe, async (): Promise<S3Bucket | null> => null],
  ["on S3", onS3, makeBucket],
] as const)("a resumable upload", (place, describeHere, store) => {
  describeHere(place, () => {
    beforeAll(async () => openDesk(await store()));

    afterAll(closeDesk);

    it("arrives whole with tus-js-client though its connection is cut 20 times, and memory stays flat", async () => {
      const bytes = textOf(SIZE);
      const { id, url } = await begin(SIZE);
      const cutter = cutting();
      const send = () =>
        new Promise<void>((resolve, reject) => {
          const upload = new tus.Upload(bytes, {
            uploadUrl: through(url),
            headers: bearer(token),
            retryDelays: RETRIES,
            onSuccess: () => resolve(),
            onError: reject,
          });
          upload.start();
        });
      // What the first upload loads stays.
      const first = await begin(10 * MB);
      await patchBytes(first.url, token, textOf(10 * MB));
      const growth = await growthDuring(send);
      expect(cutter.cuts).toBe(CUTS);
      expect(await take(id)).toBe(sha256(bytes));
      console.info(`memory grew by ${Math.round(growth / MB)} MB`);
      expect(growth).toBeLessThan(64 * 1024 ** 2);
    });

    it("arrives whole with Uppy though its connection is cut 20 times", async () => {
      const bytes = textOf(SIZE);
      const { id, url } = await begin(SIZE);
      const cutter = cutting();
      const uppy = new Uppy().use(UppyTus, { headers: bearer(token), retryDelays: RETRIES, limit: 3 });
      const fileId = uppy.addFile({
        name: "log.txt",
        type: "text/plain",
        data: bytes,
      });
      uppy.setFileState(fileId, { tus: { uploadUrl: through(url) } });
      const result = await uppy.upload();
      expect(result?.failed).toEqual([]);
      expect(cutter.cuts).toBe(CUTS);
      expect(await take(id)).toBe(sha256(bytes));
    });

    it("arrives whole in hundreds of requests, most of a few bytes, and takes few objects of a store", async () => {
      const bytes = textOf(18 * MB);
      const { id, url } = await begin(bytes.length);
      let [offset, most] = [0, 0];
      for (let count = 0; count < 240; count++) {
        const size = count % 3 === 0 ? 1 : Math.ceil(Math.random() * (count % 10 === 1 ? 500_000 : 2_000));
        const piece = bytes.subarray(offset, offset + size);
        expect(await patchBytes(url, token, piece, { offset })).toMatchObject({ status: 204 });
        offset += piece.length;
        if (count % 20 === 19) most = Math.max(most, await countSegments());
      }
      await patchBytes(url, token, bytes.subarray(offset), { offset });
      expect(await take(id)).toBe(sha256(bytes));
      expect(most).toBeLessThanOrEqual(offset / (8 * 1024 ** 2) + 24);
      expect(await countSegments()).toBe(0);
    });

    it("keeps what it has acknowledged when the server is killed in the middle, and goes on after its restart", async () => {
      const bytes = textOf(40 * MB);
      const { id, url } = await begin(bytes.length);
      const { pathname } = new URL(url);
      expect(await patchBytes(url, token, bytes.subarray(0, 5 * MB))).toMatchObject({ status: 204 });
      // A request that is never acknowledged, and stops in its middle.
      const half = fetch(url, {
        method: "PATCH",
        headers: { ...BYTES, ...bearer(token), "upload-offset": String(5 * MB) },
        body: new ReadableStream({
          async start(controller) {
            for (let at = 5 * MB; at < 30 * MB; at += MB)
              controller.enqueue(new Uint8Array(bytes.subarray(at, at + MB)));
          },
        }),
        duplex: "half",
      } as RequestInit).catch(() => null);
      while (((await stateOf(id))?.offset ?? 0) <= 5 * MB) await pass(50);
      const acknowledged = (await stateOf(id))!.offset;
      await server.kill();
      await half;
      server = await start();
      const resumed = `${server.url}${pathname}`;
      const found = await headOf(resumed, token);
      expect(found.status).toBe(200);
      expect(found.offset).toBeGreaterThanOrEqual(acknowledged);
      const rest = await patchBytes(resumed, token, bytes.subarray(found.offset!), { offset: found.offset! });
      expect(rest).toMatchObject({ status: 204, offset: bytes.length });
      expect(await take(id)).toBe(sha256(bytes));
    });

    it("is checked after a restart when the server was killed with its last byte", async () => {
      for (const delay of [0, 5, 20, 60]) {
        const bytes = textOf(20 * MB);
        const { id, url } = await begin(bytes.length);
        const sending = patchBytes(url, token, bytes).catch(() => null);
        while ((await stateOf(id))?.status === "RECEIVING") await pass(2);
        await pass(delay);
        await server.kill();
        await sending;
        server = await start();
        const resumed = `${server.url}${new URL(url).pathname}`;
        expect(await headOf(resumed, token)).toMatchObject({ status: 200, offset: bytes.length });
        expect(await stateOf(id)).toMatchObject({ status: "READY" });
        expect(await take(id)).toBe(sha256(bytes));
      }
    });

    it("goes on at once on a new connection while the server still waits for the old one", async () => {
      const bytes = textOf(4 * MB);
      const { id, url } = await begin(bytes.length);
      const hanging = fetch(url, {
        method: "PATCH",
        headers: { ...BYTES, ...bearer(token), "upload-offset": "0" },
        body: new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(bytes.subarray(0, MB))),
        }),
        duplex: "half",
      } as RequestInit).catch(() => null);
      await pass(500);
      const found = await headOf(url, token);
      expect(found).toMatchObject({ status: 200 });
      await hanging;
      const { offset } = found;
      expect(await patchBytes(url, token, bytes.subarray(offset!), { offset: offset! })).toMatchObject({
        status: 204,
      });
      expect(await take(id)).toBe(sha256(bytes));
    });
  });
});
