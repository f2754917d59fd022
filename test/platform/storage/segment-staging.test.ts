import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { GatheredBytes } from "../../../src/platform/storage/gathered-bytes.js";
import { createLocalStorage } from "../../../src/platform/storage/local.js";
import { createSegmentStaging } from "../../../src/platform/storage/segment-staging.js";
import { segmentKey } from "../../../src/platform/storage/segments.js";
import type { StagingArea } from "../../../src/platform/storage/staging-area.js";
import type { Storage } from "../../../src/platform/storage/storage.js";
import { readStaged } from "../../support/read-staged.js";

const MIB = 1024 ** 2;
const SEGMENT = 8 * MIB;
/** Each piece is less than half of the one before it. */
const MOST_PIECES = 24;

let root: string;
let storage: Storage;
let staging: StagingArea;
let storedBytes: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "filedesk-segments-"));
  storage = createLocalStorage({ root });
  storedBytes = 0;
  staging = stagingOver(storage);
});
afterEach(() => rm(root, { recursive: true }));

const stagingOver = (over: Storage) =>
  createSegmentStaging({
    storage: {
      ...over,
      async put(key, body) {
        const bytes = await buffer(body);
        storedBytes += bytes.length;
        await over.put(key, Readable.from([bytes]));
      },
    },
    tempRoot: join(root, ".tmp"),
  });

/** One request. */
async function send(bytes: Buffer, offset: number, to = staging): Promise<void> {
  const writer = await to.continueAt("up", offset);
  await writer.write(bytes);
  expect(await writer.sync()).toBe(offset + bytes.length);
  await writer.close();
}

/** One request for each piece. @returns the most objects that there ever were */
async function sendInPieces(bytes: Buffer, sizes: Iterable<number>): Promise<number> {
  let most = 0;
  let at = 0;
  for (const size of sizes) {
    const piece = bytes.subarray(at, at + size);
    if (piece.length === 0) break;
    await send(piece, at);
    at += piece.length;
    most = Math.max(most, (await storage.list("staging/")).length);
  }
  if (at < bytes.length) await send(bytes.subarray(at), at);
  return most;
}

const received = (size: number) => readStaged(staging, "up", size);

function* sizes(count: number, sizeOf: (index: number) => number): Generator<number> {
  for (let index = 0; index < count; index++) yield sizeOf(index);
}

describe("segments of an upload", () => {
  it.each([
    ["of one byte", sizes(200, () => 1)],
    ["each smaller than the one before", sizes(150, (index) => 80_000 - 500 * index)],
    [
      "each a little less than half of the one before",
      sizes(22, (index) => Math.floor(4 * MIB * 0.49 ** index)),
    ],
    ["cut anywhere", sizes(150, () => Math.ceil(Math.random() * 120_000))],
  ])("stay few and cheap for requests %s", async (_name, pieces) => {
    const bytes = randomBytes(9 * MIB);
    const most = await sendInPieces(bytes, pieces);
    expect(most).toBeLessThanOrEqual(1 + MOST_PIECES);
    expect((await received(bytes.length))?.equals(bytes)).toBe(true);
    expect(storedBytes).toBeLessThan(8 * bytes.length);
  });

  it("are stored once, and have one size, when the bytes come in one request", async () => {
    const bytes = randomBytes(2 * SEGMENT + 1_000);
    await send(bytes, 0);
    expect((await storage.list("staging/")).map(({ size }) => size)).toEqual([SEGMENT, SEGMENT, 1_000]);
    expect(storedBytes).toBe(bytes.length);
  });

  it("are continued where their row says, whatever a server that was killed has put together", async () => {
    const bytes = randomBytes(SEGMENT + 70);
    const whole = (to: number) =>
      Readable.from([Buffer.concat([bytes.subarray(0, to), Buffer.from("else")])]);
    for (const killed of [
      // After a complete segment was stored, before its row was written.
      async () => send(bytes.subarray(50, SEGMENT + 7), 50),
      // Before the pieces that the object covers were removed.
      async () => storage.put(segmentKey("up", 0), whole(60)),
      async () => storage.put(segmentKey("up", 0), whole(SEGMENT - 4)),
    ]) {
      await staging.remove(["up"]);
      await send(bytes.subarray(0, 40), 0);
      await send(bytes.subarray(40, 50), 40);
      await killed();
      await send(bytes.subarray(50), 50);
      expect((await received(bytes.length))?.equals(bytes)).toBe(true);
      expect(await storage.list("staging/")).toHaveLength(2);
    }
  });

  it("are read without the pieces that could not be removed, and these go with the next request", async () => {
    const bytes = randomBytes(90);
    const removing = async (keys: readonly string[]) => {
      if (keys.length > 0) throw new Error("the store does not answer");
    };
    const unremoved = stagingOver({ ...storage, delete: removing });
    await send(bytes.subarray(0, 30), 0);
    await send(bytes.subarray(30, 40), 30);
    await send(bytes.subarray(40, 80), 40, unremoved);
    expect((await storage.list("staging/")).length).toBe(2);
    expect(await received(80)).toEqual(bytes.subarray(0, 80));
    await send(bytes.subarray(80), 80);
    expect(await received(90)).toEqual(bytes);
    expect((await storage.list("staging/")).map(({ size }) => size)).toEqual([80, 10]);
  });

  it("of another layout are continued as they are", async () => {
    const bytes = randomBytes(SEGMENT + 200);
    await storage.put(segmentKey("up", 0), Readable.from([bytes.subarray(0, SEGMENT + 100)]));
    await storage.put(
      segmentKey("up", SEGMENT + 100),
      Readable.from([bytes.subarray(SEGMENT + 100, SEGMENT + 150)]),
    );
    await send(bytes.subarray(SEGMENT + 150), SEGMENT + 150);
    expect((await received(bytes.length))?.equals(bytes)).toBe(true);
  });
});

describe("gathered bytes", () => {
  it("take one buffer however small the chunks are, and the same one again", () => {
    const gathered = new GatheredBytes();
    const buffers = new Set<ArrayBufferLike>();
    for (const turn of [1, 2]) {
      const bytes = randomBytes(MIB + turn);
      for (let at = 0; at < bytes.length; at++) gathered.add(bytes.subarray(at, at + 1));
      expect(gathered.length).toBe(bytes.length);
      expect(gathered.bytes().equals(bytes)).toBe(true);
      expect(gathered.bytes().buffer.byteLength).toBe(2 * MIB);
      buffers.add(gathered.bytes().buffer);
      gathered.clear();
      expect(gathered.bytes()).toHaveLength(0);
    }
    expect(buffers.size).toBe(1);
  });
});
