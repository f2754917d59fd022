import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import type {
  MultipartRef,
  MultipartUploads,
  StoredPart,
} from "../../src/platform/storage/multipart-uploads.js";
import { PartsChanged } from "../../src/platform/storage/multipart-uploads.js";
import type { StorageUnderTest } from "./storage.contract.js";

/** The smallest part that is not the last one. */
const PART_BYTES = 5 * 1024 * 1024;
const SOON = { expiresInSeconds: 60 };
const LATER = () => new Date(Date.now() + 60_000);

/** What a storage promises that takes objects from clients in parts. */
export function describeMultipart(on: StorageUnderTest): void {
  const itInParts = (promise: string, keeps: (multipart: MultipartUploads) => Promise<void>) =>
    it(promise, async () => {
      // Without them, clients cannot reach it at all.
      const { multipart } = on.storage;
      if (multipart !== null) await keeps(multipart);
    });
  const begin = async (multipart: MultipartUploads, key: string): Promise<MultipartRef> => ({
    key,
    uploadId: await multipart.begin(key),
  });
  const send = async (
    multipart: MultipartUploads,
    upload: MultipartRef,
    [number, bytes, size = bytes.length]: readonly [number, Buffer, number?],
  ): Promise<number> => {
    const url = await multipart.presignParts(upload, SOON)({ number, size });
    return (await fetch(url, { method: "PUT", body: new Uint8Array(bytes) })).status;
  };
  const listed = async (multipart: MultipartUploads, upload: MultipartRef): Promise<StoredPart[]> => [
    ...((await multipart.listParts(upload)) ?? []),
  ];
  const [first, second, last] = [randomBytes(PART_BYTES), randomBytes(PART_BYTES), randomBytes(1_000)];

  describe("an upload in parts, where clients reach the storage", () => {
    itInParts(
      "becomes one object, in whatever order they came, and whatever came twice",
      async (multipart) => {
        const upload = await begin(multipart, "parts/whole");
        expect(await multipart.listParts(upload)).toEqual([]);
        expect(await send(multipart, upload, [3, last])).toBe(200);
        expect(await send(multipart, upload, [2, randomBytes(PART_BYTES)])).toBe(200);
        // URLs of one and the same signer.
        const sign = multipart.presignParts(upload, SOON);
        const urls = [
          await sign({ number: 1, size: PART_BYTES }),
          await sign({ number: 2, size: PART_BYTES }),
        ];
        for (const [nth, bytes] of [first, second].entries()) {
          const put = await fetch(urls[nth] ?? "", { method: "PUT", body: new Uint8Array(bytes) });
          expect(put.status).toBe(200);
        }
        const parts = await listed(multipart, upload);
        expect(parts.map(({ number, size }) => [number, size])).toEqual([
          [1, PART_BYTES],
          [2, PART_BYTES],
          [3, last.length],
        ]);
        expect(await on.storage.stat("parts/whole")).toBeNull();
        await multipart.complete(upload, parts);
        expect((await on.read("parts/whole")).equals(Buffer.concat([first, second, last]))).toBe(true);
      },
    );

    itInParts("is not changed by the URLs of its parts once it is completed", async (multipart) => {
      const upload = await begin(multipart, "parts/closed");
      await send(multipart, upload, [1, last]);
      const url = await multipart.presignParts(upload, SOON)({ number: 1, size: 1_000 });
      const parts = await listed(multipart, upload);
      await multipart.complete(upload, parts);
      const put = await fetch(url, { method: "PUT", body: new Uint8Array(randomBytes(1_000)) });
      expect(put.status).toBe(404);
      expect(await multipart.listParts(upload)).toBeNull();
      await multipart.complete(upload, parts);
      await multipart.abort(upload);
      expect((await on.read("parts/closed")).equals(last)).toBe(true);
    });

    itInParts("takes for a part exactly the bytes that its URL was signed for", async (multipart) => {
      const upload = await begin(multipart, "parts/exact");
      for (const size of [999, 1_001]) expect(await send(multipart, upload, [1, last, size])).toBe(403);
      const url = await multipart.presignParts(upload, SOON)({ number: 1, size: 1_000 });
      const renumbered = url.replace("partNumber=1", "partNumber=2");
      expect(renumbered).not.toBe(url);
      expect((await fetch(renumbered, { method: "PUT", body: new Uint8Array(last) })).status).toBe(403);
      expect(await multipart.listParts(upload)).toEqual([]);
      await multipart.abort(upload);
    });

    itInParts(
      "is not completed with parts that have been replaced since they were listed",
      async (multipart) => {
        const upload = await begin(multipart, "parts/replaced");
        await send(multipart, upload, [1, last]);
        const parts = await listed(multipart, upload);
        await send(multipart, upload, [1, randomBytes(1_000)]);
        await expect(multipart.complete(upload, parts)).rejects.toBeInstanceOf(PartsChanged);
        expect(await on.storage.stat("parts/replaced")).toBeNull();
        await multipart.complete(upload, await listed(multipart, upload));
        expect((await on.storage.stat("parts/replaced"))?.size).toBe(1_000);
      },
    );

    itInParts("leaves nothing when it is aborted", async (multipart) => {
      const upload = await begin(multipart, "parts/aborted");
      await send(multipart, upload, [1, last]);
      const parts = await listed(multipart, upload);
      await multipart.abort(upload);
      await multipart.abort(upload);
      expect(await multipart.listParts(upload)).toBeNull();
      expect(await send(multipart, upload, [1, last])).toBe(404);
      await expect(multipart.complete(upload, parts)).rejects.toBeInstanceOf(PartsChanged);
      expect(await on.storage.stat("parts/aborted")).toBeNull();
    });

    itInParts("is removed with what else was never completed, unless it is kept", async (multipart) => {
      const kept = await begin(multipart, "parts/kept");
      const left = await begin(multipart, "parts/left");
      const asked: string[] = [];
      const keeping = async (keys: readonly string[]) => {
        asked.push(...keys);
        return new Set([kept.key]);
      };
      expect(await on.storage.removeUnfinished(new Date(0), { kept: keeping })).toBe(0);
      expect(asked).toEqual([]);
      expect(await on.storage.removeUnfinished(LATER(), { kept: keeping, dryRun: true })).toBe(1);
      expect(await multipart.listParts(left)).toEqual([]);
      expect(await on.storage.removeUnfinished(LATER(), { kept: keeping })).toBe(1);
      expect(await multipart.listParts(left)).toBeNull();
      expect(await multipart.listParts(kept)).toEqual([]);
      expect(await on.storage.removeUnfinished(LATER())).toBe(1);
      expect(await multipart.listParts(kept)).toBeNull();
    });
  });
}
