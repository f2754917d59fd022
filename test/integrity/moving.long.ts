import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { createLocalStorage } from "../../src/platform/storage/local.js";
import { createS3Storage } from "../../src/platform/storage/s3/s3.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import { runCommand, startCommand } from "../support/command-process.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase, query } from "../support/database.js";
import { startDeskTraffic, UNLIMITED } from "../support/desk-traffic.js";
import { until } from "../support/feed-world.js";
import {
  CompleteUploadDocument,
  CreateTicketDocument,
  SignInDocument,
} from "../support/generated/operations.js";
import { postFiles, sha256 } from "../support/post-files.js";
import type { S3Bucket } from "../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { Environment, ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { patchBytes, startUpload } from "../support/staged-uploads.js";
import { bearer, codeIn, postGraphQL } from "../support/test-client.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;

type Kind = "local" | "s3";

const PASSWORD = "filedesk-demo";
/** Enough for a command to be killed in the middle. */
const TICKETS = 8;
const FILES_EACH = 10;

withS3("a running desk whose files are moved (needs radosgw, ceph-mon and ceph-osd)", () => {
  let bucket: S3Bucket;
  let folder: string;
  let database: TestDatabase;
  let sql: postgres.Sql;
  let environment: Environment;
  let storages: Readonly<Record<Kind, Storage>>;
  const servers = new Set<ServerProcess>();
  let token: string;
  let companyId: string;
  /** The hash of every file that was acknowledged, by its attachment. */
  const files = new Map<string, string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-moving-"));
    bucket = await makeBucket();
    database = await createTestDatabase();
    // The template is an installation already: this becomes one of its own.
    await query(database.url, "delete from installation");
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    storages = {
      local: createLocalStorage({ root: join(folder, "files") }),
      s3: createS3Storage(bucket.store),
    };
    environment = {
      NODE_ENV: "test",
      WORKER: "off",
      DATABASE_URL: database.url,
      FILEDESK_DATA: folder,
      ...bucket.env,
      ...UNLIMITED,
    };
  });
  afterAll(async () => {
    for (const server of servers) await server.kill();
    await sql?.end();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(settings: Environment): Promise<ServerProcess> {
    const server = await startServerProcess({ ...environment, ...settings });
    servers.add(server);
    return server;
  }

  async function signIn({ url }: ServerProcess): Promise<void> {
    const input = { email: "agent@acme.test", password: PASSWORD };
    const { data } = await postGraphQL(url, SignInDocument, { input });
    token = data!.signIn.accessToken;
    companyId = data!.signIn.viewer.memberships[0]!.company.id;
  }

  const text = (bytes: number) => Buffer.from(randomBytes(bytes / 2).toString("hex"));
  const input = () => ({ companyId, subject: "Moved", description: "" });

  async function openTickets(url: string): Promise<void> {
    for (let n = 0; n < TICKETS; n++) {
      const sent = Array.from({ length: FILES_EACH }, (_, i) => ({ name: `${i}.txt`, bytes: text(20_000) }));
      const answer = await postFiles(url, {
        query: CreateTicketDocument,
        input: input(),
        files: sent,
        token,
      });
      expect(codeIn(answer)).toBe("ok");
      for (const { id, fileName } of answer.data!.createTicket.attachments.nodes)
        files.set(id, sha256(sent.find(({ name }) => name === fileName)!.bytes));
    }
  }

  async function useUpload(url: string, id: string, bytes: Buffer): Promise<void> {
    const variables = { input: { ...input(), stagedUploadIds: [id] } };
    const answer = await postGraphQL(url, CreateTicketDocument, variables, token);
    expect(codeIn(answer)).toBe("ok");
    files.set(answer.data!.createTicket.attachments.nodes[0]!.id, sha256(bytes));
  }

  async function expectEveryFile({ url }: ServerProcess): Promise<void> {
    expect(files.size).toBeGreaterThan(TICKETS * FILES_EACH);
    const wrong: string[] = [];
    for (const [id, hash] of files) {
      const response = await fetch(`${url}/attachments/${id}/file.txt`, { headers: bearer(token) });
      if (sha256(Buffer.from(await response.arrayBuffer())) !== hash) wrong.push(`${id}: ${response.status}`);
    }
    expect(wrong).toEqual([]);
  }

  const begin = (url: string, size: number, method: "RESUMABLE" | "DIRECT") =>
    startUpload(
      { url, token },
      { bucket: "ATTACHMENTS", companyId, fileName: "log.txt", mimeType: "text/plain", size, method },
    );

  async function keysOf(kind: Kind): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of storages[kind].walk()) keys.push(key);
    return keys;
  }

  async function flipOneBit(storage: Storage, key: string): Promise<void> {
    const bytes = await buffer(await storage.get(key));
    bytes[7]! ^= 1;
    await storage.put(key, Readable.from([bytes]));
  }

  async function moveAll(from: Kind, to: Kind): Promise<void> {
    const settings = { STORAGE: to, STORAGE_FROM: from };
    const args = ["migrate-storage", "--from", from, "--to", to, "--json"];
    const run = (...more: string[]) => runCommand([...args, ...more], { ...environment, ...settings });

    // Servers learn to read the new storage, then to write to it; each serves what the other has stored.
    const old = await start({ STORAGE: from, STORAGE_FROM: to });
    await signIn(old);
    await openTickets(old.url);
    const bytes = text(30_000);
    const unfinished = await begin(old.url, bytes.length, "RESUMABLE");
    expect((await patchBytes(unfinished.url, token, bytes.subarray(0, 9_000))).status).toBe(204);
    const direct = from === "s3" ? await begin(old.url, bytes.length, "DIRECT") : null;
    const server = await start(settings);
    let url = server.url;
    const traffic = await startDeskTraffic({ urlOf: () => url, password: PASSWORD, pauseMs: 1_000 });
    await until(async () => traffic.uploads.length > 0, 60_000);
    const [first] = traffic.uploads;
    const response = await fetch(`${old.url}/attachments/${first!.attachmentId}/log.txt`, {
      headers: bearer(token),
    });
    expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(first!.sha256);
    await old.stop();

    // What went into the new storage from the first minute is there.
    expect((await keysOf(to)).length).toBeGreaterThan(0);
    const before = new Set((await keysOf(from)).filter((key) => !key.startsWith("staging/")));
    const moved = async () => (await keysOf(to)).filter((key) => before.has(key));
    const [damaged] = before;
    await flipOneBit(storages[from], damaged!);

    const dry = await run("--dry-run");
    const total = before.size;
    expect([dry.code, dry.events.at(-1)]).toEqual([
      0,
      expect.objectContaining({ moved: total, unfinishedUploads: direct === null ? 1 : 2 }),
    ]);
    expect(await moved()).toEqual([]);
    const killed = startCommand(args, { ...environment, ...settings });
    while ((await moved()).length <= 15) await pass(50);
    killed.signal("SIGKILL");
    expect((await killed.ended).code).toBeNull();
    const half = (await moved()).length;
    expect(half).toBeLessThan(total - 1);

    // While it is half done, an upload that has begun before is finished.
    const rest = await patchBytes(`${server.url}/uploads/${unfinished.id}`, token, bytes.subarray(9_000), {
      offset: 9_000,
    });
    expect(rest.status).toBe(204);
    await useUpload(server.url, unfinished.id, bytes);
    if (direct !== null) {
      const headers = Object.fromEntries(direct.headers.map(({ name, value }) => [name, value]));
      await fetch(direct.url, { method: "PUT", headers, body: new Uint8Array(bytes) });
      expect(codeIn(await postGraphQL(server.url, CompleteUploadDocument, { id: direct.id }, token))).toBe(
        "ok",
      );
      await useUpload(server.url, direct.id, bytes);
      await expect(begin(server.url, 9, "DIRECT")).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    }

    const again = await run();
    expect(again.code).toBe(2);
    expect(again.events.filter(({ event }) => event === "finding")).toMatchObject([
      { finding: "ALTERED", storageKey: damaged },
    ]);
    const report = again.events.at(-1)!;
    expect(report).toMatchObject({ altered: 1, missing: 0, unreadable: 0, removed: 0, unfinishedUploads: 0 });
    expect(report.moved).toBe(total - 1 - half);
    expect(await storages[to].stat(damaged!)).toBeNull();

    await traffic.stop();
    expect(traffic.failures).toEqual([]);

    await flipOneBit(storages[from], damaged!);
    const deleted = await run("--delete");
    expect([deleted.code, deleted.events.at(-1)]).toEqual([
      0,
      expect.objectContaining({ moved: 1, removed: total }),
    ]);
    expect(await keysOf(from)).toEqual([]);
    await server.stop();

    await expect(startServerProcess({ ...environment, STORAGE: from })).rejects.toThrow(/have been moved to/);
    const alone = await start({ STORAGE: to });
    url = alone.url;
    await signIn(alone);
    await expectEveryFile(alone);
    await traffic.verify(alone.url, sql);
    await alone.stop();
  }

  it("loses no file on the way into the bucket, though the command is killed", async () => {
    await (await start({ STORAGE: "local" })).stop();
    await moveAll("local", "s3");
  });

  it("loses none on the way back", () => moveAll("s3", "local"));

  it("says which settings are missing, and moves nothing", async () => {
    const args = ["migrate-storage", "--from", "local", "--to", "s3"];
    const { code, stderr } = await runCommand(args, { ...environment, STORAGE: "local" });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /set STORAGE=s3 and STORAGE_FROM=local .*\(now: STORAGE=local\)\. Nothing has been moved/,
      ),
    ]);
  });
});
