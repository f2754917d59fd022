import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { UserViewer } from "../../src/modules/identity/viewer.js";
import { sweepStorage } from "../../src/modules/media/upkeep/sweep.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { fourFields } from "../support/make-pictures.js";
import { purgeDeletedFiles } from "../support/purge-deleted-files.js";
import { sweepRules } from "../support/sweep-rules.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

async function attach(bytes: Buffer): Promise<string> {
  const ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  const file = new File([new Uint8Array(bytes)], "photo.jpg");
  const [attachment] = await world.attach(world.people.requester, { ticketId, files: [file] });
  return attachment!.id;
}

async function mediaFileOf(id: string): Promise<string> {
  const query = "query ($id: ID!) { attachment(id: $id) { mediaFile { id } } }";
  const { data } = await world.server.gql<{ attachment: { mediaFile: { id: string } } }>(
    query,
    { id },
    world.people.requester.token,
  );
  return data!.attachment.mediaFile.id;
}

const never = new AbortController().signal;

/** Rows and bytes fit together, and the sweep takes what no row points at. */
async function expectWhole(): Promise<void> {
  const { database, dataFolder, services } = world.server;
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  await sweepStorage({ db: database.db, storage: services.storage }, sweepRules());
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
}

describe("the rendering", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("leaves rows and bytes whole when it races the purge of its file, 60 times", async () => {
    const { attachmentDeletions, sessions } = world.server.services;
    const viewer = (await sessions.viewerById(world.people.requester.id)) as UserViewer;
    const outcomes = new Map<string, number>();
    let renderMs = 100;
    for (let round = 0; round < 60; round++) {
      const bytes = await fourFields({ width: 100 + round, height: 80 })
        .jpeg()
        .toBuffer();
      const id = await attach(bytes);
      const mediaFileId = await mediaFileOf(id);
      await attachmentDeletions.deleteAttachment(viewer, id);
      const purge = async () => {
        await pass(((round % 20) / 15) * renderMs);
        const deletedBefore = new Date(Date.now() + 60_000);
        await attachmentDeletions.purgeDeleted(deletedBefore);
        await purgeDeletedFiles(world.server, deletedBefore);
      };
      const startedAt = performance.now();
      const [outcome] = await Promise.all([
        world.server.services.renderVariants.run({ mediaFileId }, never).then(
          (result) => {
            renderMs = performance.now() - startedAt;
            return (result as { outcome: string }).outcome;
          },
          (error: Error) => error.name,
        ),
        purge(),
      ]);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const rows = await world.server.database.sql`
      select v.id from blob_variants v left join media_files f on f.blob_id = v.blob_id where f.id is null`;
      expect(rows).toHaveLength(0);
    }
    await expectWhole();
    expect(outcomes.get("rendered")).toBeGreaterThan(2);
    const late = ["purged", "purged or replaced"].map((outcome) => outcomes.get(outcome) ?? 0);
    expect(Math.max(...late)).toBeGreaterThan(2);
  });
});
