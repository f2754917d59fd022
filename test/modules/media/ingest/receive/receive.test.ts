import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { receive } from "../../../../../src/modules/media/ingest/receive/receive.js";
import { newTempFile } from "../../../../support/received.js";

const MIB = 1024 * 1024;
const fileOf = (stream: Readable) => ({ fileName: "a.bin", open: () => stream });

/** A stream of one buffer again and again, which counts how much was taken from it. */
function flood(chunk: Buffer, times: number) {
  const taken = { bytes: 0 };
  const stream = new Readable({
    read() {
      if (taken.bytes >= chunk.length * times) return void this.push(null);
      taken.bytes += chunk.length;
      this.push(chunk);
    },
  });
  return { stream, taken };
}

describe("receive", () => {
  it.each([1, 4_100, 262_144, 262_145, 3 * MIB + 7])("counts, hashes and keeps %d bytes", async (size) => {
    await using temp = newTempFile();
    const content = randomBytes(size);
    const received = await receive({ file: fileOf(Readable.from([content])), temp, maxBytes: size });
    expect(received).toMatchObject({
      size,
      fileName: "a.bin",
      sha256: createHash("sha256").update(content).digest("hex"),
    });
    expect(received.head.equals(content.subarray(0, 262_144))).toBe(true);
    expect(readFileSync(temp.path).equals(content)).toBe(true);
  });

  it("stops as soon as the limit is crossed, and says by how much", async () => {
    await using temp = newTempFile();
    const { stream, taken } = flood(Buffer.alloc(65_536), 10_000);
    await expect(receive({ file: fileOf(stream), temp, maxBytes: MIB })).rejects.toMatchObject({
      code: "FILE_TOO_LARGE",
      status: 413,
      details: { limit: MIB, actual: expect.any(Number) },
    });
    expect(stream.destroyed).toBe(true);
    expect(taken.bytes).toBeLessThan(2 * MIB);
  });

  it("holds no more than a fixed part of a file in memory", async () => {
    await using temp = newTempFile();
    const { stream } = flood(Buffer.alloc(65_536, 7), 3_200);
    const before = process.memoryUsage();
    await receive({ file: fileOf(stream), temp, maxBytes: 400 * MIB });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * MIB);
  });

  it("refuses an empty file", async () => {
    await using temp = newTempFile();
    await expect(receive({ file: fileOf(Readable.from([])), temp, maxBytes: 10 })).rejects.toMatchObject({
      code: "CORRUPT_FILE",
    });
  });

  it.each([
    ["goes away", new Error("the client went away")],
    ["goes away without a word", undefined],
  ])("leaves nothing of a client that %s", async (_what, reason) => {
    const temp = newTempFile();
    const stream = new Readable({ read() {} });
    stream.push(Buffer.alloc(MIB));
    const receiving = receive({ file: fileOf(stream), temp, maxBytes: 10 * MIB });
    setImmediate(() => stream.destroy(reason));
    await expect(receiving).rejects.toThrow();
    await temp[Symbol.asyncDispose]();
    expect(existsSync(temp.path)).toBe(false);
  });

  it("stops when it is told to", async () => {
    await using temp = newTempFile();
    const stop = new AbortController();
    const stream = new Readable({ read() {} });
    const receiving = receive({ file: fileOf(stream), temp, maxBytes: 10, signal: stop.signal });
    stop.abort();
    await expect(receiving).rejects.toThrow();
    expect(stream.destroyed).toBe(true);
  });
});
