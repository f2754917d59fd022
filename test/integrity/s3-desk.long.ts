import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createS3Storage } from "../../src/platform/storage/s3/s3.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import { clockAhead } from "../support/clock-ahead.js";
import { runCommand } from "../support/command-process.js";
import { createTestDatabase, query } from "../support/database.js";
import type { FaultyStore } from "../support/faulty-store.js";
import { startFaultyStore } from "../support/faulty-store.js";
import { until } from "../support/feed-world.js";
import { filesUnder } from "../support/inventory.js";
import { makePng } from "../support/make-files.js";
import { newTicketWithFile } from "../support/operated-desk.js";
import { postFiles } from "../support/post-files.js";
import type { S3Bucket } from "../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { Environment, ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { codeIn } from "../support/test-client.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;

interface Opened {
  readonly createTicket: {
    readonly attachments: { readonly nodes: readonly { readonly url: string; readonly size: number }[] };
  };
}

withS3("a desk whose files are in a bucket (needs radosgw, ceph-mon and ceph-osd)", () => {
  let bucket: S3Bucket;
  let proxy: FaultyStore;
  let storage: Storage;
  let folder: string;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let environment: Environment;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-s3-"));
    bucket = await makeBucket();
    proxy = await startFaultyStore(bucket.endpoint);
    storage = createS3Storage(bucket.store);
    database = await createTestDatabase();
    // The template is an installation already: this becomes one of its own.
    await query(database.url, "delete from installation");
    environment = {
      NODE_ENV: "test",
      WORKER: "off",
      DATABASE_URL: database.url,
      FILEDESK_DATA: join(folder, "data"),
      TEMP_DIR: join(folder, "temp"),
      ...bucket.env,
      S3_ENDPOINT: proxy.url,
    };
    server = await startServerProcess(environment);
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await server?.kill();
    await proxy?.close();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const openTicket = async (bytes?: Buffer) => {
    const ticket = await newTicketWithFile(server);
    const files = bytes ? [{ name: "picture.png", bytes }] : ticket.files;
    const { query: document, input, token } = ticket;
    const answer = await postFiles<Opened>(server.url, { query: document, input, files, token });
    return { answer, bytes: files[0]!.bytes };
  };
  const keys = async () => (await storage.list("")).map(({ key }) => key);
  const doctor = (more: Environment = {}) => runCommand(["doctor"], { ...environment, ...more });

  it("keeps its files there alone, marks the bucket, and starts again on it", async () => {
    const { answer, bytes } = await openTicket();
    const [file] = answer.data!.createTicket.attachments.nodes;
    expect(Buffer.from(await (await fetch(file!.url)).arrayBuffer()).equals(bytes)).toBe(true);
    expect(JSON.parse((await storage.readMark()) ?? "")).toMatchObject({ epoch: expect.any(Number) });
    expect(await filesUnder(join(folder, "data"))).not.toContainEqual(expect.stringContaining("files/"));
    expect(await filesUnder(join(folder, "temp"))).toEqual([]);
    await server.stop();
    server = await startServerProcess(environment);
    expect((await openTicket()).answer.errors).toBeUndefined();
  });

  it("renders variants from there to there", async () => {
    await openTicket(await makePng({ width: 900, height: 600 }));
    const worker = await startServerProcess({
      ...environment,
      FILEDESK_DATA: join(folder, "other"),
      WORKER: "on",
    });
    try {
      await until(async () => (await keys()).some((key) => key.includes("/thumbnails/")), 180_000);
    } finally {
      await worker.stop();
    }
  });

  it("sweeps strays into the trash of the bucket, and verifies the rest", async () => {
    const stray = "00000000-0000-7000-8000-000000000000/attachments/2026/11/originals/stray.txt";
    await storage.put(stray, Readable.from(["stray"]));
    // Its clock differs from that of the store, which tells it so.
    const swept = await runCommand(["sweep"], { ...environment, NODE_OPTIONS: clockAhead({ hours: 1 }) });
    expect([swept.code, swept.stdout]).toEqual([0, expect.stringContaining("1")]);
    expect(await keys()).not.toContain(stray);
    const trashed: string[] = [];
    for await (const { key } of storage.trash.walk()) trashed.push(key);
    expect(trashed).toEqual([stray]);
    expect((await runCommand(["verify"], environment)).code).toBe(0);
  });

  it("is in good order by its doctor, who says what is wrong with a store", async () => {
    const well = await doctor();
    expect(well.stdout).toContain("ok       storage: can be written to and read from");
    expect(well.code).toBe(0);
    const wrong: readonly (readonly [Environment, RegExp])[] = [
      [
        { AWS_SECRET_ACCESS_KEY: "not-the-secret-key" },
        /PROBLEM .*the secret key is wrong\. Correct AWS_SECRET_ACCESS_KEY/,
      ],
      [{ AWS_ACCESS_KEY_ID: "wrong" }, /PROBLEM .*does not know the access key\. Correct AWS_ACCESS_KEY_ID/],
      [{ S3_BUCKET: "nobody-has-it" }, /PROBLEM .*There is no bucket nobody-has-it at http/],
      [
        { S3_ENDPOINT: "http://127.0.0.1:9" },
        /PROBLEM .*http:\/\/127\.0\.0\.1:9 cannot be reached\. Check S3_ENDPOINT/,
      ],
    ];
    for (const [more, message] of wrong) {
      const { code, stdout } = await doctor(more);
      expect([code, stdout]).toEqual([2, expect.stringMatching(message)]);
    }
    const start = startServerProcess({
      ...environment,
      FILEDESK_DATA: join(folder, "third"),
      S3_BUCKET: "nobody-has-it",
    });
    await expect(start).rejects.toThrow(/There is no bucket nobody-has-it at http/);
  });

  it("does not take the bucket of another desk", async () => {
    const other = await createTestDatabase();
    await query(other.url, "delete from installation");
    try {
      const start = startServerProcess({
        ...environment,
        DATABASE_URL: other.url,
        FILEDESK_DATA: join(folder, "fourth"),
      });
      await expect(start).rejects.toThrow(
        /The files in s3:\/\/test-\S+ belong to installation .*but the database has no record of them/,
      );
    } finally {
      await other.drop();
    }
  });

  it("refuses uploads while its store is away, says so in readyz, and goes on when it is back", async () => {
    const ready = async () => (await fetch(`${server.url}/readyz`)).status;
    expect(await ready()).toBe(200);
    const [{ count }] = (await query(database.url, "select count(*) from blobs")) as [{ count: string }];
    const before = await keys();
    proxy.failBy(() => ({ kind: "status", status: 503, code: "ServiceUnavailable" }));
    await until(async () => (await ready()) === 503, 180_000);
    expect(codeIn((await openTicket()).answer)).toBe("SERVICE_UNAVAILABLE");
    proxy.heal();
    expect(await keys()).toEqual(before);
    expect(await query(database.url, "select count(*) from blobs")).toEqual([{ count }]);
    await until(async () => (await ready()) === 200, 180_000);
    expect((await openTicket()).answer.errors).toBeUndefined();
    expect(server.output()).toMatch(/is out of order at the moment/);
    expect(await filesUnder(join(folder, "temp"))).toEqual([]);
  });

  it("ends a download that breaks off in the store with an error, never as if it were complete", async () => {
    const { answer } = await openTicket(await makePng({ width: 1_500, height: 1_500 }));
    const [file] = answer.data!.createTicket.attachments.nodes;
    proxy.failBy(({ method, url }) =>
      method === "GET" && url.includes("/originals/") ? { kind: "cut", body: "answer", after: 0 } : null,
    );
    const failed = await fetch(file!.url).then(
      (response) => response.arrayBuffer().then(() => response.status),
      () => "broken off",
    );
    expect(["broken off", 503]).toContain(failed);
    proxy.heal();
    expect((await (await fetch(file!.url)).arrayBuffer()).byteLength).toBe(file!.size);
  });
});
