import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createS3Storage } from "../../../../src/platform/storage/s3/s3.js";
import { copyObject } from "../../../../src/platform/storage/s3/s3-copy.js";
import { connectS3 } from "../../../../src/platform/storage/s3/s3-store.js";
import type { Storage } from "../../../../src/platform/storage/storage.js";
import type { FaultyStore } from "../../../support/faulty-store.js";
import { startFaultyStore } from "../../../support/faulty-store.js";
import { until } from "../../../support/feed-world.js";
import type { S3Bucket } from "../../../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";

const MIB = 1024 * 1024;
const withS3 = hasS3Gateway() ? describe : describe.skip;

const HEADERS = {
  contentType: "text/plain; charset=utf-8",
  contentDisposition: "attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt",
  cacheControl: "private, max-age=60",
};

withS3("an S3 storage (needs radosgw, ceph-mon and ceph-osd)", () => {
  let bucket: S3Bucket;
  let storage: Storage;
  let proxy: FaultyStore;

  beforeAll(async () => {
    bucket = await makeBucket();
    proxy = await startFaultyStore(bucket.endpoint);
    storage = createS3Storage(connectS3({ ...bucket.options, prefix: "desk" }));
    await storage.put("read/me", Readable.from(["0123456789"]));
  });
  afterAll(() => proxy?.close());

  describe("a presigned URL for reading", () => {
    const sign = async (expiresInSeconds = 60) =>
      (await storage.presignGet("read/me", { ...HEADERS, expiresInSeconds, windowSeconds: 60 })) ?? "";

    it("gives the object with the headers that it was signed with, and ranges of it", async () => {
      const url = await sign();
      const whole = await fetch(url);
      expect(await whole.text()).toBe("0123456789");
      expect(Object.fromEntries(whole.headers)).toMatchObject({
        "content-type": HEADERS.contentType,
        "content-disposition": HEADERS.contentDisposition,
        "cache-control": HEADERS.cacheControl,
      });
      const part = await fetch(url, { headers: { range: "bytes=3-5" } });
      expect([part.status, await part.text()]).toEqual([206, "345"]);
    });

    it("is the same for a while, so that caches know it", async () => {
      const urls = new Set([await sign(), await sign(), await sign()]);
      expect(urls.size).toBeLessThanOrEqual(2);
    });

    it("is refused for another object, with other headers, and when its time is over", async () => {
      const url = await sign();
      for (const wrong of [
        url.replace("read/me", "read/you"),
        url.replace("text%2Fplain", "text%2Fhtml"),
        url.replace(/X-Amz-Expires=\d+/, "X-Amz-Expires=99999"),
      ])
        expect((await fetch(wrong)).status).toBe(403);
      const brief = await storage.presignGet("read/me", { ...HEADERS, expiresInSeconds: 1 });
      await until(async () => (await fetch(brief ?? "")).status === 403);
    });
  });

  describe("a presigned URL", () => {
    it("is of the public endpoint, if there is one", async () => {
      const shown = createS3Storage(
        connectS3({ ...bucket.options, publicEndpoint: "https://files.example.com" }),
      );
      const part = shown.multipart?.presignParts({ key: "a", uploadId: "1" }, { expiresInSeconds: 60 });
      expect(await part?.({ number: 1, size: 9 })).toMatch(/^https:\/\/files\.example\.com\//);
      expect(await shown.presignGet("a", { ...HEADERS, expiresInSeconds: 60 })).toMatch(
        /^https:\/\/files\.example\.com\//,
      );
    });
  });

  it("asks for encryption and a storage class with every object that it writes", async () => {
    const careful = createS3Storage(
      connectS3({
        ...bucket.options,
        endpoint: proxy.url,
        attempts: 1,
        serverSideEncryption: "AES256",
        storageClass: "STANDARD",
      }),
    );
    // The test's store cannot encrypt: what is asked of it is what counts.
    proxy.failBy(() => ({ kind: "status", status: 400, code: "NotImplemented" }));
    const put = (size: number) => careful.put("careful", Readable.from([Buffer.alloc(size)]));
    await expect(put(10)).rejects.toThrow();
    await expect(put(9 * MIB)).rejects.toThrow();
    proxy.failBy(({ method }) => (method === "PUT" ? { kind: "status", status: 400, code: "No" } : null));
    await storage.put("read/again", Readable.from(["x"]));
    const source = createS3Storage(connectS3({ ...bucket.options, prefix: "" }));
    await source.put("careful/source", Readable.from(["x"]));
    await expect(careful.copy("careful/source", "careful/copy")).rejects.toThrow();
    const writes = proxy.seen.filter(({ method }) => method === "PUT" || method === "POST");
    expect(writes.length).toBe(3);
    for (const { headers } of writes)
      expect(headers).toMatchObject({
        "x-amz-server-side-encryption": "AES256",
        "x-amz-storage-class": "STANDARD",
      });
    proxy.heal();
  });

  it("copies large objects in parts, whose bytes and hash stay the same", async () => {
    const bytes = randomBytes(12 * MIB);
    const { store } = bucket;
    const direct = createS3Storage(store);
    await direct.put("large", Readable.from([bytes]));
    const limits = { oneCopyBytes: 5 * MIB, partBytes: 5 * MIB };
    await copyObject({ store, key: "large" }, { store, key: "large/copy" }, limits);
    const copy = await (await direct.get("large/copy")).toArray();
    expect(Buffer.concat(copy).equals(bytes)).toBe(true);
    expect(await direct.removeUnfinished(new Date(Date.now() + 60_000), { dryRun: true })).toBe(0);
  });

  it("keeps what is not its own out of its lists, and out of its reach", async () => {
    const other = createS3Storage(connectS3(bucket.options));
    await other.put("deskless", Readable.from(["x"]));
    const keys = (await storage.list("")).map(({ key }) => key);
    expect(keys).not.toContain("less");
    expect(keys).toContain("read/me");
    expect(await text(await other.get("desk/read/me"))).toBe("0123456789");
  });

  describe("says what is wrong with its store in words", () => {
    const sayings = [
      [
        "no such bucket",
        { bucket: "nobody-has-this-one" },
        /There is no bucket nobody-has-this-one at .* Create it, or correct S3_BUCKET/,
      ],
      [
        "a wrong key",
        { credentials: { accessKeyId: "none", secretAccessKey: "x" } },
        /does not know the access key\. Correct AWS_ACCESS_KEY_ID/,
      ],
      [
        "a wrong secret",
        { credentials: { accessKeyId: "test", secretAccessKey: "x" } },
        /the secret key is wrong\. Correct AWS_SECRET_ACCESS_KEY/,
      ],
      [
        "nobody there",
        { endpoint: "http://127.0.0.1:9" },
        /http:\/\/127\.0\.0\.1:9 cannot be reached\. Check S3_ENDPOINT/,
      ],
      [
        "no such host",
        { endpoint: "http://nowhere.invalid" },
        /nowhere\.invalid cannot be reached\. Check S3_ENDPOINT/,
      ],
    ] as const;

    it.each(sayings)("%s", async (_, wrong, message) => {
      const broken = createS3Storage(connectS3({ ...bucket.options, ...wrong, attempts: 1 }));
      await expect(broken.check()).rejects.toThrow(message);
      await expect(broken.readMark()).rejects.toThrow(message);
      await expect(broken.get("read/me")).rejects.toThrow(message);
      await expect(broken.put("x", Readable.from(["x"]))).rejects.toThrow(message);
    });

    it("no answer", async () => {
      proxy.failBy(() => ({ kind: "silence" }));
      const timeouts = { stallMs: 500 };
      const slow = createS3Storage(connectS3({ ...bucket.options, endpoint: proxy.url, timeouts }));
      await expect(slow.check()).rejects.toThrow(/does not answer/);
      proxy.heal();
    });
  });
});
