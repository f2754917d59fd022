import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let photoId: string;
beforeAll(async () => {
  world = await startTicketWorld({ env: { WORKER: "off" } });
});
afterAll(() => world?.close());

beforeEach(async () => {
  const companyId = await world.newCompany();
  const bytes = await makePng({ width: 300, height: 200 });
  photoId = (
    await uploadMedia(world.people.manager, { companyId, bucket: "PHOTOS", file: fileOf("a.png", bytes) })
  ).id;
  await world.server.database.sql`update media_files set variants_status = 'READY' where id <> ${photoId}`;
});

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
