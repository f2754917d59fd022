import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createS3Storage } from "../../../../src/platform/storage/s3/s3.js";
import { connectS3 } from "../../../../src/platform/storage/s3/s3-store.js";
import type { Storage } from "../../../../src/platform/storage/storage.js";
import { StorageFault } from "../../../../src/platform/storage/storage.js";
import type { Fault, FaultyStore, SeenRequest } from "../../../support/faulty-store.js";
import { startFaultyStore } from "../../../support/faulty-store.js";
import type { S3Bucket } from "../../../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";

const MIB = 1024 * 1024;
/** Longer than a real store takes on a busy machine. */
const STALL_MS = 1_500;
const withS3 = hasS3Gateway() ? describe : describe.skip;

const isGet = ({ method }: SeenRequest) => method === "GET";
const isPut = ({ method }: SeenRequest) => method === "PUT";
const isPart = ({ method, url }: SeenRequest) => method === "PUT" && url.includes("partNumber=");
const isCompletion = ({ method, url }: SeenRequest) => method === "POST" && url.includes("uploadId=");
const isAny = () => true;

withS3("a store that fails (needs radosgw, ceph-mon and ceph-osd)", () => {
  let bucket: S3Bucket;
  let proxy: FaultyStore;
  let storage: Storage;
  /** Not through the proxy. */
  let direct: Storage;
  let folder: string;
  const retries: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "s3-faults-"));
    bucket = await makeBucket();
    proxy = await startFaultyStore(bucket.endpoint);
    const options = { ...bucket.options, endpoint: proxy.url, attempts: 3 };
    const timeouts = { connectMs: 500, stallMs: STALL_MS, copyMs: 10_000 };
    storage = createS3Storage(
      connectS3({ ...options, timeouts, onRetry: (reason) => void retries.push(reason) }),
    );
    direct = createS3Storage(connectS3(bucket.options));
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await proxy?.close();
    await rm(folder, { recursive: true });
  });

  /** A stream of it is sent in three parts, a file in two. */
  const bytes = randomBytes(17 * MIB);
  const put = (key: string, content: Buffer) => storage.put(key, Readable.from([content]));
  const putFile = async (key: string, content: Buffer) => {
    const path = join(folder, "file");
    await writeFile(path, content);
    await storage.putFile(key, path);
    return path;
  };
  const read = async (key: string) => buffer(await storage.get(key));
  const stored = async (key: string) => buffer(await direct.get(key));
  const unfinished = () => direct.removeUnfinished(new Date(Date.now() + 60_000), { dryRun: true });

  const ONCE: readonly (readonly [string, Fault])[] = [
    ["resets the connection", { kind: "reset" }],
    ["is out of order (503)", { kind: "status", status: 503, code: "SlowDown" }],
    ["has an error (500)", { kind: "status", status: 500, code: "InternalError" }],
    ["is silent", { kind: "silence" }],
  ];

  describe.each(ONCE)("that %s once or twice", (_, fault) => {
    it("stores the whole object and gives it back, at the next attempt", async () => {
      retries.length = 0;
      proxy.failNext(2, isPut, fault);
      await put("once/small", bytes.subarray(0, 1_000));
      proxy.failNext(2, isPart, fault);
      await put("once/parts", bytes);
      proxy.failNext(1, isCompletion, fault);
      await put("once/completed", bytes);
      proxy.failNext(2, isPut, fault);
      await putFile("once/file", bytes);
      proxy.failNext(2, isGet, fault);
      expect((await read("once/parts")).equals(bytes)).toBe(true);
      proxy.failNext(2, isAny, fault);
      expect((await storage.stat("once/file"))?.size).toBe(bytes.length);
      proxy.failNext(1, isAny, fault);
      expect((await storage.list("once/")).length).toBe(4);
      proxy.failNext(1, isPut, fault);
      await storage.copy("once/file", "once/copy");
      proxy.failNext(2, isAny, fault);
      await storage.delete(["once/copy"]);
      expect((await stored("once/small")).equals(bytes.subarray(0, 1_000))).toBe(true);
      for (const key of ["once/parts", "once/completed", "once/file"])
        expect((await stored(key)).equals(bytes)).toBe(true);
      expect(await direct.stat("once/copy")).toBeNull();
      expect(retries.length).toBeGreaterThanOrEqual(12);
      await direct.delete((await direct.list("once/")).map(({ key }) => key));
    });

    it("fails with its reason if it goes on, and leaves no object and no parts", async () => {
      proxy.failBy(() => fault);
      await expect(put("on/small", bytes.subarray(0, 1_000))).rejects.toBeInstanceOf(StorageFault);
      await expect(read("on/small")).rejects.toBeInstanceOf(StorageFault);
      await expect(storage.stat("on/small")).rejects.toBeInstanceOf(StorageFault);
      await expect(storage.list("on/")).rejects.toBeInstanceOf(StorageFault);
      await expect(storage.readMark()).rejects.toBeInstanceOf(StorageFault);
      proxy.failBy((request) => (isPart(request) ? fault : null));
      await expect(put("on/parts", bytes)).rejects.toBeInstanceOf(StorageFault);
      proxy.failBy((request) => (isPut(request) ? fault : null));
      await expect(putFile("on/file", bytes)).rejects.toBeInstanceOf(StorageFault);
      expect(existsSync(join(folder, "file"))).toBe(true);
      proxy.heal();
      expect(await direct.list("on/")).toEqual([]);
      expect(await unfinished()).toBe(0);
    });
  });

  it.each([
    ["breaks off", "cut"],
    ["stalls", "stall"],
  ] as const)("reads on from where an answer %s", async (_, kind) => {
    await direct.put("resume", Readable.from([bytes]));
    const before = proxy.seen.length;
    proxy.failNext(2, isGet, { kind, body: "answer", after: 3 * MIB });
    expect((await read("resume")).equals(bytes)).toBe(true);
    const ranges = proxy.seen.slice(before).map(({ headers }) => headers.range);
    expect(ranges.length).toBe(3);
    expect(ranges.slice(1).every((range) => /^bytes=\d{7,}-$/.test(range ?? ""))).toBe(true);
    proxy.failNext(1, isGet, { kind, body: "answer", after: MIB });
    const range = { start: 5 * MIB, end: 9 * MIB };
    const part = await buffer(await storage.get("resume", range));
    expect(part.equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
  });

  it("never ends an answer that goes on breaking off as if it were complete", async () => {
    await direct.put("broken", Readable.from([bytes]));
    for (const kind of ["cut", "stall"] as const) {
      proxy.failBy((request) => (isGet(request) ? { kind, body: "answer", after: 0 } : null));
      await expect(read("broken")).rejects.toBeInstanceOf(StorageFault);
    }
  });

  it("does not go on with another object that has taken the place of the one it reads", async () => {
    await direct.put("replaced", Readable.from([bytes]));
    proxy.failNext(1, isGet, { kind: "stall", body: "answer", after: MIB });
    const reading = await storage.get("replaced");
    await direct.put("replaced", Readable.from([randomBytes(bytes.length)]));
    await expect(buffer(reading)).rejects.toThrow("PreconditionFailed");
  });

  it.each([
    ["breaks off", "cut"],
    ["stalls", "stall"],
  ] as const)("sends again what %s on its way to the store", async (_, kind) => {
    proxy.failNext(1, isPut, { kind, body: "request", after: 300_000 });
    await putFile("sent/file", bytes);
    proxy.failNext(1, isPart, { kind, body: "request", after: 300_000 });
    await put("sent/parts", bytes);
    for (const key of ["sent/file", "sent/parts"]) expect((await stored(key)).equals(bytes)).toBe(true);
    expect(await unfinished()).toBe(0);
  });

  it("sends again what was changed on its way to the store, and never stores it", async () => {
    proxy.failNext(1, isPut, { kind: "flip", body: "request", after: 300_000 });
    await putFile("flipped/file", bytes);
    proxy.failNext(1, isPart, { kind: "flip", body: "request", after: 300_000 });
    await put("flipped/parts", bytes);
    for (const key of ["flipped/file", "flipped/parts"]) expect((await stored(key)).equals(bytes)).toBe(true);
    proxy.failBy((request) => (isPut(request) ? { kind: "flip", body: "request", after: 1 } : null));
    await expect(put("flipped/always", bytes.subarray(0, 10))).rejects.toThrow("BadDigest");
    expect(await direct.stat("flipped/always")).toBeNull();
  });

  it("ends an answer with changed bytes with an error, and reads a small one again", async () => {
    await direct.put("wrong/small", Readable.from([bytes.subarray(0, 5_000)]));
    await putFile("wrong/file", bytes);
    proxy.failNext(1, isGet, { kind: "flip", body: "answer", after: 100 });
    expect((await read("wrong/small")).equals(bytes.subarray(0, 5_000))).toBe(true);
    proxy.failBy((request) => (isGet(request) ? { kind: "flip", body: "answer", after: 4_000 } : null));
    await expect(read("wrong/small")).rejects.toThrow("other bytes than those that were stored");
    await expect(read("wrong/file")).rejects.toThrow("other bytes than those that were stored");
  });

  it("knows that an object is complete whose answer was lost", async () => {
    proxy.failNext(1, isCompletion, { kind: "lost answer" });
    await put("lost", bytes);
    expect((await stored("lost")).equals(bytes)).toBe(true);
    proxy.failNext(1, isPut, { kind: "lost answer" });
    await put("lost/small", bytes.subarray(0, 10));
    expect((await stored("lost/small")).equals(bytes.subarray(0, 10))).toBe(true);
  });

  it("waits for a slow reader as long as it takes", async () => {
    await direct.put("slow", Readable.from([bytes]));
    const reading = await storage.get("slow");
    let length = 0;
    for await (const chunk of reading) {
      // Twice as long as a store may stall.
      if (length === 0) await new Promise((resolve) => setTimeout(resolve, 2 * STALL_MS));
      length += chunk.length;
    }
    expect(length).toBe(bytes.length);
  });

  it("closes its connection when a reader leaves", async () => {
    await direct.put("left", Readable.from([bytes]));
    proxy.failNext(1, isGet, { kind: "stall", body: "answer", after: MIB });
    const reading = await storage.get("left");
    reading.once("data", () => reading.destroy());
    await new Promise((resolve) => reading.once("close", resolve));
    expect(reading.readableEnded).toBe(false);
  });

  it("removes parts that a killed server has left, once they are old", async () => {
    const { CreateMultipartUploadCommand } = await import("@aws-sdk/client-s3");
    const { store } = bucket;
    await store.client.send(new CreateMultipartUploadCommand({ Bucket: bucket.bucket, Key: "killed" }));
    expect(await storage.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0);
    expect(await storage.removeUnfinished(new Date(Date.now() + 60_000), { dryRun: true })).toBe(1);
    expect(await storage.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1);
    expect(await unfinished()).toBe(0);
  });
});
