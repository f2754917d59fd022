import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { damageTo } from "../../../support/damage-files.js";
import { storageOf } from "../../../support/desk-storage.js";
import {
  ReplaceMediaFileDocument,
  SetAvatarDocument,
  SetCompanyLogoDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;

type WayIn = (companyId: string, file: File) => Promise<unknown>;

const attach: WayIn = async (companyId, file) => {
  const ticket = await world.openTicket(world.people.requester, { companyId });
  await world.attach(world.people.requester, { ticketId: ticket.id, files: [file] });
};

const WAYS_IN: Record<string, WayIn> = {
  "an attachment": attach,
  "the library": (companyId, file) => uploadMedia(world.people.manager, { companyId, file }),
  "a new version": async (companyId, file) => {
    const { client } = world.people.manager;
    const { id } = await uploadMedia(world.people.manager, { companyId });
    await client.mutate({ mutation: ReplaceMediaFileDocument, variables: { input: { id, file } } });
  },
  "a logo": (companyId, file) =>
    world.people.manager.client.mutate({
      mutation: SetCompanyLogoDocument,
      variables: { input: { companyId, file } },
    }),
  "an avatar": (_, file) =>
    world.people.manager.client.mutate({ mutation: SetAvatarDocument, variables: { file } }),
  "an import": async (companyId, file) => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-known-"));
    const { sql } = world.server.database;
    const [company] = await sql`select slug from companies where id = ${companyId}`;
    const line = `${file.name},ATTACHMENTS,${company!.slug},course,${Math.random()},banner`;
    await writeFile(join(folder, file.name), Buffer.from(await file.arrayBuffer()));
    await writeFile(
      join(folder, "m.csv"),
      `source,bucket,company,resourceType,resourceId,fieldName\n${line}\n`,
    );
    const summary = await world.server.services.mediaImports.importAll({
      manifest: join(folder, "m.csv"),
      baseFolder: folder,
      as: "agent@acme.test",
      atOnce: 1,
      allowedHosts: [],
      signal: new AbortController().signal,
      onEvent: () => {},
    });
    await rm(folder, { recursive: true });
    expect(summary).toMatchObject({ imported: 1 });
  },
};

/** Where the bytes of a file lie, and what the row says of them. */
async function stored(file: File) {
  const bytes = Buffer.from(await file.arrayBuffer());
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const rows = await world.server.database
    .sql`select storage_key, integrity, company_id from blobs where sha256 = ${sha256}`;
  expect(rows).toHaveLength(1);
  const { storage_key: key, integrity, company_id: companyId } = rows[0]!;
  return { bytes, integrity, companyId, key: key as string };
}

const bytesAt = async (key: string) => buffer(await storageOf(world.server.dataFolder).get(key));
const damage = () => damageTo(world.server.dataFolder);

const toldOfBytes = async (companyId: string) =>
  (
    await world.server.database.sql`
      select type from events where topic = ${`media:${companyId}`}
      and type in ('file.missing', 'file.altered', 'file.recovered') order by sequence`
  ).map(({ type }) => type);

describe("an upload of bytes that are known by their row but are not there", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });
  afterAll(async () => {
    try {
      const { sql } = world.server.database;
      const broken = await brokenPromises(sql, world.server.dataFolder);
      // What is put into the library is used by nothing.
      expect(broken.filter((promise) => !promise.endsWith("has no usage"))).toEqual([]);
      expect(await strayFiles(sql, world.server.dataFolder)).toEqual([]);
    } finally {
      await world.close();
    }
  });

  const somePicture = async () => fileOf("picture.png", await makePng());

  it.each(Object.keys(WAYS_IN))("stores them again, when it comes as %s", async (way) => {
    const comeIn = WAYS_IN[way]!;
    const companyId = await world.newCompany();
    const file = await somePicture();
    await comeIn(companyId, file);
    const lost = await stored(file);
    const before = (await toldOfBytes(lost.companyId)).length;
    await damage().remove(lost.key);
    await comeIn(companyId, file);
    const again = await stored(file);
    expect(await bytesAt(again.key)).toEqual(again.bytes);
    expect(again.integrity).toBe("UNVERIFIED");
    expect((await toldOfBytes(lost.companyId)).slice(before)).toEqual(["file.missing", "file.recovered"]);
  });

  it("stores them again when a part of them is gone, and leaves nothing behind", async () => {
    const companyId = await world.newCompany();
    const file = await somePicture();
    await attach(companyId, file);
    const cut = await stored(file);
    await damage().cut(cut.key, 10);
    await attach(companyId, file);
    const again = await stored(file);
    expect(await bytesAt(again.key)).toEqual(again.bytes);
    expect(await toldOfBytes(companyId)).toEqual(["file.altered", "file.recovered"]);
    await world.server.services.upkeep.verifyIntegrity();
    expect(await stored(file)).toMatchObject({ integrity: "INTACT" });
    await damage().remove(cut.key); // what the sweep would remove
  });

  it("stores them once, when many come at the same time", async () => {
    const companyId = await world.newCompany();
    const file = await somePicture();
    await attach(companyId, file);
    await damage().remove((await stored(file)).key);
    await Promise.all(Array.from({ length: 8 }, () => attach(companyId, file)));
    const again = await stored(file);
    expect(await bytesAt(again.key)).toEqual(again.bytes);
    expect(await toldOfBytes(companyId)).toEqual(["file.missing", "file.recovered"]);
  });

  it("does not store a second time what is there", async () => {
    const companyId = await world.newCompany();
    const file = await somePicture();
    await attach(companyId, file);
    const first = await stored(file);
    const storedAt = async () => (await storageOf(world.server.dataFolder).list(first.key))[0]?.modifiedAt;
    const before = await storedAt();
    await attach(companyId, file);
    expect(await stored(file)).toEqual(first);
    expect(await storedAt()).toEqual(before);
    expect(await toldOfBytes(companyId)).toEqual([]);
  });
});
