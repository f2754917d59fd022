import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { takeFilesAway } from "../../../support/damage-files.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { renderPending } from "../../../support/render-pending.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let mount: () => Promise<void>;

const unmount = async (): Promise<void> => {
  mount = await takeFilesAway(world.server.dataFolder);
};

async function state() {
  const { sql } = world.server.database;
  return {
    blobs: await sql`select id, integrity, verified_at from blobs order by id`,
    variants: await sql`select id, storage_key from blob_variants order by id`,
    files: await sql`select id, variants_status, updated_at from media_files order by id`,
    jobs: await sql`select count(*)::int from pgboss.job`,
  };
}

describe("lost storage", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    const [companyId, bytes] = [await world.newCompany(), await makePng({ width: 300, height: 200 })];
    const file = fileOf("a.png", bytes);
    await uploadMedia(world.people.manager, { companyId, bucket: "PHOTOS", file });
    await renderPending(world.server);
  });

  afterAll(() => world?.close());

  afterEach(() => mount());

  it("makes no file look lost, and no variant be made again, by the search for missing bytes", async () => {
    const before = await state();
    expect(before.variants.length).toBeGreaterThan(0);
    await unmount();
    await expect(world.server.services.upkeep.findMissing()).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
    });
    expect(await state()).toEqual(before);
  });

  it("nor by the verification, which cannot read them now", async () => {
    const before = await state();
    await unmount();
    const report = await world.server.services.upkeep.verifyIntegrity();
    expect(report).toMatchObject({ verified: 0, altered: 0, missing: 0, missingVariants: 0 });
    expect(report.unreadable).toBe(before.blobs.length);
    expect(await state()).toEqual(before);
  });

  it("nor by a rendering, which is tried again", async () => {
    const { database, services } = world.server;
    const [photo] = await database.sql`select id from media_files where file_name = 'a.png'`;
    await database.sql`delete from blob_variants where blob_id in (select blob_id from media_files where id = ${photo?.id})`;
    const before = await state();
    await unmount();
    const run = services.renderVariants.run({ mediaFileId: photo?.id }, new AbortController().signal);
    await expect(run).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(await state()).toEqual(before);
  });
});
