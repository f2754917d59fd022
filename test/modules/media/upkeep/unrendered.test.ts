import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let photoId: string;

const sql = () => world.server.database.sql;
const jobs = async () =>
  (
    await sql()`select id from pgboss.job where name = 'render-variants' and data ->> 'mediaFileId' = ${photoId}`
  ).length;
const loseTheJob = () => sql()`delete from pgboss.job where name = 'render-variants'`;
const age = () =>
  sql()`update media_files set updated_at = now() - interval '61 minutes' where id = ${photoId}`;
const look = async (dryRun = false) =>
  (await world.server.services.upkeep.findMissing({ dryRun })).unrendered;

describe("unrendered", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { WORKER: "off" } });
  });

  afterAll(() => world?.close());

  afterEach(() => void jest.restoreAllMocks());

  beforeEach(async () => {
    const companyId = await world.newCompany();
    const bytes = await makePng({ width: 300, height: 200 });
    photoId = (
      await uploadMedia(world.people.manager, { companyId, bucket: "PHOTOS", file: fileOf("a.png", bytes) })
    ).id;
    await world.server.database.sql`update media_files set variants_status = 'READY' where id <> ${photoId}`;
  });

  it("asks again for the variants of a file that has waited for an hour without a job that makes them", async () => {
    await loseTheJob();
    expect(await look()).toBe(0);
    await age();
    expect(await look(true)).toBe(1);
    expect(await jobs()).toBe(0);
    expect(await look()).toBe(1);
    expect(await jobs()).toBe(1);
    // Now a job is under way, however long it may wait.
    expect(await look()).toBe(0);
    expect(await jobs()).toBe(1);
  });

  it("leaves a file alone whose job waits, runs, or is to be tried again", async () => {
    await age();
    for (const state of ["created", "retry", "active"]) {
      await sql()`update pgboss.job set state = ${state} where data ->> 'mediaFileId' = ${photoId}`;
      expect(await look()).toBe(0);
    }
    await sql()`update pgboss.job set state = 'completed' where data ->> 'mediaFileId' = ${photoId}`;
    expect(await look()).toBe(1);
  });

  it("makes the variants of images from before there were variants", async () => {
    await loseTheJob();
    await age();
    await sql()`update media_files set variants_status = 'NOT_APPLICABLE' where id = ${photoId}`;
    expect(await look()).toBe(0);
    const migration = await readFile("drizzle/0004_suspended_usages.sql", "utf8");
    await sql().unsafe(migration.split("--> statement-breakpoint").at(-1)!);
    expect(await look()).toBe(1);
    await world.server.services.renderVariants.run({ mediaFileId: photoId }, new AbortController().signal);
    const [file] = await sql()`select variants_status from media_files where id = ${photoId}`;
    expect(file).toEqual({ variants_status: "READY" });
  });

  describe("a rendering that failed", () => {
    const never = new AbortController().signal;
    const run = () => world.server.services.renderVariants.run({ mediaFileId: photoId }, never);
    const state = async () => {
      const [file] = await sql()`select variants_status as status, failures,
      extract(epoch from retry_at - now())::float8 as pause
      from media_files left join rendering_retries on media_file_id = id where id = ${photoId}`;
      return file as unknown as { status: string; failures: number | null; pause: number | null };
    };
    const retry = (options = {}) => world.server.services.upkeep.retryRenderings(options);
    const endPause = () => sql()`update rendering_retries set retry_at = now() - interval '1 second'`;

    /** As the queue does when the last retry has failed as well. */
    async function failForLackOfSpace(): Promise<void> {
      const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
        code: "ENOSPC",
        errno: -28,
      });
      const put = jest.spyOn(world.server.services.storage, "put").mockRejectedValue(full);
      await expect(run()).rejects.toThrow("ENOSPC");
      put.mockRestore();
      await world.server.services.renderVariants.onDead?.({ mediaFileId: photoId });
      await loseTheJob();
    }

    it("for lack of space is tried again by itself after a pause, and is READY when there is room", async () => {
      await failForLackOfSpace();
      expect(await state()).toMatchObject({ status: "FAILED", failures: 1 });
      expect(await retry()).toEqual({ requested: 0 });
      await endPause();
      expect(await retry({ dryRun: true })).toEqual({ requested: 1 });
      expect([(await state()).status, await jobs()]).toEqual(["FAILED", 0]);
      expect(await retry()).toEqual({ requested: 1 });
      expect([(await state()).status, await jobs()]).toEqual(["PENDING", 1]);
      expect(await retry()).toEqual({ requested: 0 });
      await run();
      expect(await state()).toEqual({ status: "READY", failures: null, pause: null });
    });

    it("again and again is tried after ever longer pauses, a day at most, and not for ever", async () => {
      const pauses: number[] = [];
      for (let failures = 1; failures <= 12; failures += 1) {
        await failForLackOfSpace();
        pauses.push(Math.round(((await state()).pause ?? 0) / 60));
        await endPause();
        expect(await retry()).toEqual({ requested: failures < 12 ? 1 : 0 });
      }
      expect(pauses).toEqual([15, 30, 60, 120, 240, 480, 960, 1_440, 1_440, 1_440, 1_440, 1_440]);
      // Somebody who asks begins anew.
      expect(await retry({ all: true })).toEqual({ requested: 1 });
      await failForLackOfSpace();
      expect(await state()).toMatchObject({ failures: 1 });
    });

    it("because of the picture itself is tried again by nobody but an operator", async () => {
      await failForLackOfSpace();
      await endPause();
      await retry();
      const get = jest
        .spyOn(world.server.services.storage, "get")
        .mockImplementation(async () => Readable.from([Buffer.from("no png")]));
      expect(await run()).toMatchObject({ outcome: "cannot be rendered" });
      get.mockRestore();
      expect(await state()).toEqual({ status: "FAILED", failures: null, pause: null });
      await endPause();
      expect(await retry()).toEqual({ requested: 0 });
      expect(await retry({ all: true })).toEqual({ requested: 1 });
    });
  });
});
