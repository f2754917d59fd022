import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { bearer } from "../../support/test-client.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;

beforeAll(async () => {
  world = await startTicketWorld();
});
afterAll(() => world.close());

async function attachedFile(file = textFile()) {
  const { requester } = world.people;
  const companyId = await world.newCompany();
  const ticket = await world.openTicket(requester, { companyId, files: [file] });
  const { id, url } = ticket.attachments.nodes[0]!;
  const [row] = await world.server.database.sql`
    select b.storage_key from attachments a join media_files f on f.id = a.media_file_id join blobs b on b.id = f.blob_id
    where a.id = ${id}`;
  const path = join(world.server.dataFolder, "files", row!.storage_key as string);
  return { id, url, path, companyId, ticketId: ticket.id };
}

async function integrityOf(id: string) {
  const { data } = await world.server.gql<{ attachment: { mediaFile: object } }>(
    `query ($id: ID!) { attachment(id: $id) { mediaFile { integrity verifiedAt } } }`,
    { id },
    world.people.requester.token,
  );
  return data!.attachment.mediaFile;
}

describe("a file whose stored bytes are damaged", () => {
  it.each([
    ["ALTERED", (path: string) => writeFile(path, "something else")],
    ["MISSING", (path: string) => rm(path)],
  ] as const)("is not given out once it was found %s, and says so", async (state, damage) => {
    const { requester } = world.people;
    const { id, url, path } = await attachedFile();
    expect(await integrityOf(id)).toEqual({ integrity: "UNVERIFIED", verifiedAt: null });
    await damage(path);
    await world.server.services.upkeep.verifyIntegrity();
    expect(await integrityOf(id)).toEqual({ integrity: state, verifiedAt: expect.any(String) });
    const answer = await fetch(url.split("?", 1)[0]!, { headers: bearer(requester.token) });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ error: { code: "CORRUPT_FILE", status: 500 } });
  });

  it("is whole again when somebody uploads the same bytes", async () => {
    const { requester } = world.people;
    const file = textFile();
    const { url, path, ticketId } = await attachedFile(file);
    await rm(path);
    await world.server.services.upkeep.findMissing();
    expect(await downloadStatus(url, requester)).toBe(500);
    await world.attach(requester, { ticketId, files: [file] });
    expect(await downloadStatus(url, requester)).toBe(200);
  });
});
