import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import type { Damage } from "../../../support/damage-files.js";
import { damageTo } from "../../../support/damage-files.js";
import { filesFolderOf, storesInS3 } from "../../../support/desk-storage.js";
import { SetCompanyLogoDocument } from "../../../support/generated/operations.js";
import { fileOf } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { renderPending } from "../../../support/render-pending.js";
import { bearer } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let damage: Damage;
const logged: { level: number; msg: string; storageKey?: string }[] = [];

async function attachedFile(file = textFile()) {
  const { requester } = world.people;
  const companyId = await world.newCompany();
  const ticket = await world.openTicket(requester, { companyId, files: [file] });
  const { id, url } = ticket.attachments.nodes[0]!;
  const [row] = await world.server.database.sql`
    select b.storage_key from attachments a join media_files f on f.id = a.media_file_id join blobs b on b.id = f.blob_id
    where a.id = ${id}`;
  return { id, url, key: row!.storage_key as string, companyId, ticketId: ticket.id };
}

async function integrityOf(id: string) {
  const { data } = await world.server.gql<{ attachment: { mediaFile: object } }>(
    `query ($id: ID!) { attachment(id: $id) { mediaFile { integrity verifiedAt } } }`,
    { id },
    world.people.requester.token,
  );
  return data!.attachment.mediaFile;
}

/** What the company's staff is told of bytes. */
const toldOf = async (companyId: string) =>
  (
    await world.server.database.sql`
      select type from events where topic = ${`media:${companyId}`} and type in ('file.missing', 'file.altered')`
  ).map(({ type }) => type);

describe("damaged download", () => {
  beforeAll(async () => {
    const log = pino({ level: "warn" }, { write: (line) => void logged.push(JSON.parse(line)) });
    world = await startTicketWorld({ log });
    damage = damageTo(world.server.dataFolder);
  });

  afterAll(() => world.close());

  describe("a file whose stored bytes are damaged", () => {
    it.each([
      ["ALTERED", (key: string) => damage.replace(key, "something else")],
      ["MISSING", (key: string) => damage.remove(key)],
    ] as const)("is not given out once it was found %s, and says so", async (state, happen) => {
      const { requester } = world.people;
      const { id, url, key } = await attachedFile();
      expect(await integrityOf(id)).toEqual({ integrity: "UNVERIFIED", verifiedAt: null });
      await happen(key);
      await world.server.services.upkeep.verifyIntegrity();
      expect(await integrityOf(id)).toEqual({ integrity: state, verifiedAt: expect.any(String) });
      const answer = await fetch(url.split("?", 1)[0]!, { headers: bearer(requester.token) });
      expect(answer.status).toBe(500);
      expect(await answer.json()).toMatchObject({ error: { code: "CORRUPT_FILE", status: 500 } });
    });

    it("is whole again when somebody uploads the same bytes", async () => {
      const { requester } = world.people;
      const file = textFile();
      const { url, key, ticketId } = await attachedFile(file);
      await damage.remove(key);
      await world.server.services.upkeep.findMissing();
      expect(await downloadStatus(url, requester)).toBe(500);
      await world.attach(requester, { ticketId, files: [file] });
      expect(await downloadStatus(url, requester)).toBe(200);
    });
  });

  describe("bytes that are gone or cut, before any check has seen them", () => {
    const asked = async (url: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
      fetch(url.split("?", 1)[0]!, {
        ...init,
        headers: { ...bearer(world.people.requester.token), ...init.headers },
      });

    it.each([
      ["gone", "MISSING", "file.missing", (key: string) => damage.remove(key)],
      ["cut", "ALTERED", "file.altered", (key: string) => damage.cut(key, 3)],
      ["grown", "ALTERED", "file.altered", (key: string) => damage.grow(key, "more")],
    ] as const)("are found when they are asked for: %s", async (_, state, event, happen) => {
      for (const [method, headers] of [
        ["GET", {}],
        ["GET", { range: "bytes=0-0" }],
        ["GET", { range: "bytes=5-" }],
        ["HEAD", {}],
      ] as [string, Record<string, string>][]) {
        const { id, url, key, companyId } = await attachedFile();
        await happen(key);
        const before = logged.length;
        for (const answer of await Promise.all([1, 2, 3].map(() => asked(url, { method, headers })))) {
          expect(answer.status).toBe(500);
          expect(answer.headers.get("cache-control")).toBe("no-store");
          const body = await answer.text();
          if (method === "GET")
            expect(JSON.parse(body)).toMatchObject({ error: { code: "CORRUPT_FILE", status: 500 } });
        }
        expect(await integrityOf(id)).toEqual({ integrity: state, verifiedAt: expect.any(String) });
        expect(await toldOf(companyId)).toEqual([event]);
        expect(logged.slice(before)).toMatchObject([{ level: 40, finding: state }]);
      }
    });

    // An object of a store is replaced as a whole: whoever reads the old one reads it to its end.
    const onDisk = storesInS3() ? it.skip : it;
    onDisk(
      "end the connection when they are cut on the disk while they are sent, and are marked",
      async () => {
        const size = 8 * 1024 * 1024;
        const { url, key, id } = await attachedFile(fileOf("big.txt", "x".repeat(size)));
        const answer = await asked(url);
        expect(answer.status).toBe(200);
        const reader = answer.body!.getReader();
        await reader.read();
        await truncate(join(filesFolderOf(world.server.dataFolder), key), 1024);
        let read = 0;
        await expect(
          (async () => {
            for (let part = await reader.read(); !part.done; part = await reader.read())
              read += part.value.length;
          })(),
        ).rejects.toThrow();
        expect(read).toBeLessThan(size);
        const state = async () => ((await integrityOf(id)) as { integrity: string }).integrity;
        for (let round = 0; round < 200 && (await state()) !== "ALTERED"; round += 1)
          await new Promise((resolve) => setTimeout(resolve, 20));
        expect(await state()).toBe("ALTERED");
      },
    );

    it("are not held against a file while the storage itself is away", async () => {
      const { id, url, key } = await attachedFile();
      await damage.remove(key);
      const { storage } = world.server.services;
      const { check } = storage;
      Object.assign(storage, { check: () => Promise.reject(new Error("the mount is gone")) });
      try {
        const answer = await asked(url);
        expect(answer.status).toBe(503);
        expect(answer.headers.get("retry-after")).toBe("30");
        expect(await integrityOf(id)).toEqual({ integrity: "UNVERIFIED", verifiedAt: null });
      } finally {
        Object.assign(storage, { check });
      }
    });

    it("have a variant made again, and leave its original alone", async () => {
      const { manager } = world.people;
      const companyId = await world.newCompany();
      const file = fileOf("logo.png", await makePng());
      await manager.client.mutate({
        mutation: SetCompanyLogoDocument,
        variables: { input: { companyId, file } },
      });
      await renderPending(world.server);
      const { sql } = world.server.database;
      const [row] = await sql`
      select v.storage_key, f.id from blob_variants v join media_files f on f.blob_id = v.blob_id
      where v.company_id = ${companyId} and v.name = 'logo'`;
      await damage.remove(row!.storage_key as string);
      const url = `${world.server.url}/public/${row!.id}/logo/logo.png`;
      const answer = await fetch(url);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { code: "NOT_FOUND", retryAfter: 2 } });
      expect(await toldOf(companyId)).toEqual([]);
      await renderPending(world.server);
      expect((await fetch(url)).status).toBe(200);
    });
  });
});
