import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let busy: string;
let quiet: string;

const sql = () => world.server.database.sql;

async function upload(companyId: string, width: number): Promise<void> {
  const file = fileOf("a.png", await makePng({ width: 100 + width, height: 100 }));
  await uploadMedia(world.people.manager, { companyId, bucket: "PHOTOS", file });
}

/** Whose renderings wait, in the order in which the queue hands them out. */
async function order(): Promise<string> {
  const rows = await sql()<{ companyId: string }[]>`
    select company_id as "companyId" from pgboss.job join media_files on media_files.id::text = data ->> 'mediaFileId'
    where name = 'render-variants' and state = 'created' and company_id in (${busy}, ${quiet})
    order by priority desc, created_on`;
  return rows.map(({ companyId }) => (companyId === busy ? "b" : "q")).join("");
}

const forgetJobs = () => sql()`delete from pgboss.job where name = 'render-variants'`;

describe("rendering turns", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { WORKER: "off" } });
  });

  afterAll(() => world?.close());

  beforeEach(async () => {
    await forgetJobs();
    [busy, quiet] = [await world.newCompany(), await world.newCompany()];
    for (let files = 0; files < 6; files += 1) await upload(busy, files);
    for (let files = 0; files < 2; files += 1) await upload(quiet, files);
  });

  it("companies take turns at the renderings of what they upload", async () => {
    expect(await order()).toBe("bbqbqbbb");
  });

  it("and at those that failed and are asked for again together", async () => {
    await forgetJobs();
    await sql()`update media_files set variants_status = 'FAILED' where company_id in (${busy}, ${quiet})`;
    expect(await world.server.services.upkeep.retryRenderings({ all: true })).toEqual({ requested: 8 });
    expect(await order()).toMatch(/^(bq|qb){2}bbbb$/);
  });

  it("and at those that were forgotten", async () => {
    await forgetJobs();
    await sql()`update media_files set updated_at = now() - interval '61 minutes'
    where company_id in (${busy}, ${quiet})`;
    expect((await world.server.services.upkeep.findMissing()).unrendered).toBe(8);
    expect(await order()).toMatch(/^(bq|qb){2}bbbb$/);
  });
});
