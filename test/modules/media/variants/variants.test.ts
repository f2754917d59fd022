import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { files as incoming } from "../../../../src/app/demo/demo-files.js";
import type { UserViewer } from "../../../../src/modules/identity/viewer.js";
import type { Bucket } from "../../../../src/modules/media/buckets.js";
import { createIngestService } from "../../../../src/modules/media/ingest/ingest.service.js";
import { noIngestObserver } from "../../../../src/modules/media/ingest/ingest-observer.js";
import { render } from "../../../../src/modules/media/pictures/render.js";
import { sweepStorage } from "../../../../src/modules/media/upkeep/sweep.js";
import { createRenderVariantsJob } from "../../../../src/modules/media/variants/render-variants.job.js";
import { Unrenderable } from "../../../../src/modules/media/variants/unrenderable.js";
import { scannerOff } from "../../../../src/platform/scanner/off.js";
import { ReplaceMediaFileDocument } from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { fourFields } from "../../../support/make-pictures.js";
import { renderPending } from "../../../support/render-pending.js";
import { countStatements } from "../../../support/statement-count.js";
import { sweepRules } from "../../../support/sweep-rules.js";
import { bearer } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

let pictures = 0;
/** No two alike. */
const picture = () =>
  fourFields({ width: 1_600, height: 1_000 + ++pictures })
    .jpeg()
    .toBuffer();

const FIELDS = `
  query ($id: ID!) {
    attachment(id: $id) {
      thumbnailUrl
      mediaFile {
        id variantsStatus placeholder
        variants { name url width height size mimeType }
        thumbnail: variant(name: "thumbnail") { url }
        logo: variant(name: "logo") { url }
      }
    }
  }`;

interface Variant {
  readonly name: string;
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly mimeType: string;
}

interface Fields {
  readonly thumbnailUrl: string | null;
  readonly mediaFile: {
    readonly id: string;
    readonly variantsStatus: string;
    readonly placeholder: string | null;
    readonly variants: readonly Variant[];
    readonly thumbnail: { readonly url: string } | null;
    readonly logo: { readonly url: string } | null;
  };
}

async function attach(bytes: Buffer, name = "photo.jpg"): Promise<string> {
  ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  const file = new File([new Uint8Array(bytes)], name);
  const [attachment] = await world.attach(world.people.requester, { ticketId, files: [file] });
  return attachment!.id;
}

async function fieldsOf(id: string): Promise<Fields> {
  const { data } = await world.server.gql<{ attachment: Fields }>(
    FIELDS,
    { id },
    world.people.requester.token,
  );
  return data!.attachment;
}

const never = new AbortController().signal;
const renderFile = (mediaFileId: string) => world.server.services.renderVariants.run({ mediaFileId }, never);

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

const path = (url: string) => url.split("?", 1)[0]!;
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Rows and bytes fit together, and the sweep takes what no row points at. */
async function expectWhole(): Promise<void> {
  const { database, dataFolder, services } = world.server;
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  await sweepStorage({ db: database.db, storage: services.storage }, sweepRules());
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
}

const eventsOf = (mediaFileId: string) => world.server.database.sql<{ type: string }[]>`
  select type from events where topic = ${`media:${companyId}`} and payload->>'mediaFileId' = ${mediaFileId} order by sequence`;

describe("variants", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });

  afterAll(() => world?.close());

  describe("the variants of an attachment", () => {
    it("are pending, and their URLs say when to come again, until they are rendered; then they are there", async () => {
      const id = await attach(await picture());
      const before = await fieldsOf(id);
      expect(before).toMatchObject({
        thumbnailUrl: null,
        mediaFile: {
          variantsStatus: "PENDING",
          placeholder: expect.stringMatching(/^[A-Za-z0-9+/=]{20,}$/),
          variants: [],
          thumbnail: null,
          logo: null,
        },
      });
      const token = bearer(world.people.requester.token);
      const early = await get(`${world.server.url}/files/${before.mediaFile.id}/thumbnail/photo.jpg`, token);
      expect([early.status, Number(early.headers.get("retry-after"))]).toEqual([404, 2]);

      expect(await renderFile(before.mediaFile.id)).toEqual({
        outcome: "rendered",
        variants: ["large", "medium", "thumbnail"],
      });
      const { mediaFile, thumbnailUrl } = await fieldsOf(id);
      expect(mediaFile).toMatchObject({
        variantsStatus: "READY",
        placeholder: expect.stringMatching(/^[A-Za-z0-9+/=]{20,}$/),
      });
      expect(mediaFile.variants.map(({ name, width, mimeType }) => [name, width, mimeType])).toEqual([
        ["large", 1_200, "image/jpeg"],
        ["medium", 800, "image/jpeg"],
        ["thumbnail", 200, "image/jpeg"],
      ]);
      expect(mediaFile.thumbnail?.url).toBe(mediaFile.variants[2]!.url);
      expect(mediaFile.logo).toBeNull();
      expect(await eventsOf(mediaFile.id)).toEqual([{ type: "file.added" }, { type: "file.variants-ready" }]);
      for (const { url, size, width, height } of mediaFile.variants) {
        const answer = await get(url);
        expect([answer.status, answer.headers.get("content-type"), answer.bytes.length]).toEqual([
          200,
          "image/jpeg",
          size,
        ]);
        expect(answer.headers.get("etag")).toBe(`"${sha256(answer.bytes)}"`);
        expect(answer.headers.get("cache-control")).toMatch(/^private, max-age=[1-9]/);
        expect(await sharp(answer.bytes).metadata()).toMatchObject({ width, height, format: "jpeg" });
      }
      expect((await get(thumbnailUrl!)).bytes).toEqual((await get(mediaFile.variants[2]!.url)).bytes);
      await expectWhole();
    });

    it("are given out like the original: signed, by ranges, to whom may read it, and written down", async () => {
      const id = await attach(await picture(), "Grüße.png.jpg");
      const { mediaFile } = await fieldsOf(id);
      await renderFile(mediaFile.id);
      const { thumbnailUrl, mediaFile: ready } = await fieldsOf(id);
      const { stranger, participant } = world.people;
      expect(path(thumbnailUrl!)).toMatch(new RegExp(`/attachments/${id}/thumbnail/`));
      const whole = await get(thumbnailUrl!);
      expect(whole.headers.get("content-disposition")).toContain("Gr%C3%BC%C3%9Fe.png.jpg");
      const part = await get(thumbnailUrl!, { range: "bytes=10-19" });
      expect([part.status, part.bytes]).toEqual([206, whole.bytes.subarray(10, 20)]);
      expect((await get(thumbnailUrl!, { "if-none-match": whole.headers.get("etag")! })).status).toBe(304);
      expect((await get(path(thumbnailUrl!))).status).toBe(401);
      for (const person of [stranger, participant])
        expect((await get(path(thumbnailUrl!), bearer(person.token))).status).toBe(404);
      // A signature is for one variant alone.
      const query = thumbnailUrl!.split("?")[1];
      expect((await get(`${path(thumbnailUrl!).replace("/thumbnail/", "/large/")}?${query}`)).status).toBe(
        403,
      );
      expect((await get(`${path(thumbnailUrl!).replace("/thumbnail/", "/")}?${query}`)).status).toBe(403);
      expect((await get(ready.thumbnail!.url)).status).toBe(200);
      const rows = await world.server.database.sql`
      select action, actor_id, details from audit_log where subject_id = ${id} and action = 'attachment.downloaded'`;
      expect(rows[0]).toEqual({
        action: "attachment.downloaded",
        actor_id: world.people.requester.id,
        details: { variant: "thumbnail" },
      });
    });

    it("that do not exist are 404 without a date: unknown ones, another bucket's, and those of a text", async () => {
      const { mediaFile } = await fieldsOf(await attach(await picture()));
      const text = await fieldsOf(await attach(Buffer.from(await textFile().arrayBuffer()), "note.txt"));
      expect(text).toMatchObject({
        thumbnailUrl: null,
        mediaFile: { variantsStatus: "NOT_APPLICABLE", variants: [] },
      });
      const token = bearer(world.people.requester.token);
      for (const [id, name] of [
        [mediaFile.id, "huge"],
        [mediaFile.id, "logo"],
        [text.mediaFile.id, "thumbnail"],
      ]) {
        const answer = await get(`${world.server.url}/files/${id}/${name}/a.jpg`, token);
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([404, null]);
      }
      expect(await renderFile(text.mediaFile.id)).toEqual({ outcome: "done before" });
    });

    it("are asked for by a name that exists", async () => {
      const { errors } = await world.server.gql(
        `query ($id: ID!) { attachment(id: $id) { mediaFile { variant(name: "huge") { url } } } }`,
        { id: await attach(await picture()) },
        world.people.requester.token,
      );
      expect(errors?.[0]?.extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        allowed: expect.arrayContaining(["large"]),
      });
    });

    it("are gone with it, at once", async () => {
      const id = await attach(await picture());
      const { mediaFile } = await fieldsOf(id);
      await renderFile(mediaFile.id);
      const { thumbnailUrl, mediaFile: ready } = await fieldsOf(id);
      await world.server.gql(
        `mutation ($id: ID!) { deleteAttachment(id: $id) { id } }`,
        { id },
        world.people.requester.token,
      );
      expect([(await get(thumbnailUrl!)).status, (await get(ready.thumbnail!.url)).status]).toEqual([
        410, 410,
      ]);
    });

    it("are shared by files of the same bytes, which are ready at once", async () => {
      const bytes = await picture();
      const first = await fieldsOf(await attach(bytes));
      await renderFile(first.mediaFile.id);
      const second = await fieldsOf(await attach(bytes));
      expect(second.mediaFile.id).not.toBe(first.mediaFile.id);
      expect(second.mediaFile).toMatchObject({ variantsStatus: "READY" });
      expect(second.mediaFile.variants).toHaveLength(3);
    });

    it("cost the same number of statements for one file and for ten", async () => {
      const statements: string[] = [];
      const counted = await startTicketWorld({
        onStatement: (statement) => statements.push(statement),
      });
      try {
        const { requester } = counted.people;
        const company = await counted.newCompany();
        const ask = async (files: number) => {
          const ticket = await counted.openTicket(requester, { companyId: company });
          const images = await Promise.all(Array.from({ length: files }, picture));
          await counted.attach(requester, {
            ticketId: ticket.id,
            files: images.map((bytes) => new File([new Uint8Array(bytes)], "a.jpg")),
          });
          return countStatements(statements, () =>
            counted.server.gql(
              `query ($id: ID!) { ticket(id: $id) { attachments { nodes { thumbnailUrl mediaFile { variantsStatus variants { url } } } } } }`,
              { id: ticket.id },
              requester.token,
            ),
          );
        };
        await ask(1);
        expect(await ask(10)).toBe(await ask(1));
      } finally {
        await counted.close();
      }
    });
  });

  describe("the rendering", () => {
    it("ends in the same state however often and at whatever point it is cut off and done again", async () => {
      const { db } = world.server.database;
      const { storage, buckets, tempFolder } = world.server.services;
      const onRendered = async () => {};
      const deps = { db, buckets, render, maxPixels: 50_000_000, tempFolder, onRendered };
      const { mediaFile } = await fieldsOf(await attach(await picture()));
      for (const failAt of [1, 2, 3]) {
        let puts = 0;
        const job = createRenderVariantsJob({
          ...deps,
          storage: {
            ...storage,
            // As when the process is killed: nothing is tidied up.
            delete: async () => {},
            async put(key, body) {
              if (++puts === failAt) throw new Error("cut off");
              await storage.put(key, body);
            },
          },
        });
        await expect(job.run({ mediaFileId: mediaFile.id }, never)).rejects.toThrow("cut off");
        expect((await fieldsOf(await lastAttachment())).mediaFile.variantsStatus).toBe("PENDING");
      }
      await expectWhole();
      await Promise.all([renderFile(mediaFile.id), renderFile(mediaFile.id), renderFile(mediaFile.id)]);
      expect(await renderFile(mediaFile.id)).toEqual({ outcome: "done before" });
      expect((await fieldsOf(await lastAttachment())).mediaFile).toMatchObject({ variantsStatus: "READY" });
      // What lost the race has taken its bytes with it: nothing is left for the sweep.
      expect(await strayFiles(world.server.database.sql, world.server.dataFolder)).toEqual([]);
      await expectWhole();
    });

    it.each(["READY", "FAILED"])(
      "says nothing of a content that has replaced the one that it worked on: not %s",
      async (outcome) => {
        const { requester } = world.people;
        const { db, sql } = world.server.database;
        const { storage, buckets, tempFolder } = world.server.services;
        const uploaded = async () => new File([new Uint8Array(await picture())], "a.jpg");
        const { id } = (await fieldsOf(await attach(await picture()))).mediaFile;
        const statusNow = async () =>
          (
            await sql<
              { status: string }[]
            >`select variants_status as status from media_files where id = ${id}`
          )[0]!.status;
        const variables = { input: { id, file: await uploaded() } };
        const job = createRenderVariantsJob({
          ...{ db, buckets, storage, tempFolder, maxPixels: 50_000_000, onRendered: async () => {} },
          async render(...work) {
            const rendered = await render(...work);
            await requester.client.mutate({ mutation: ReplaceMediaFileDocument, variables });
            if (outcome === "FAILED") throw new Unrenderable("no decoder reads it");
            return rendered;
          },
        });
        await job.run({ mediaFileId: id }, never);
        expect(await statusNow()).toBe("PENDING");
        await renderFile(id);
        expect(await statusNow()).toBe("READY");
        await renderPending(world.server);
        await expectWhole();
      },
    );

    it("happens by itself, in the server", async () => {
      const working = await startTicketWorld({ env: { WORKER: "on" } });
      try {
        const { requester } = working.people;
        const ticket = await working.openTicket(requester, { companyId: await working.newCompany() });
        const file = new File([new Uint8Array(await picture())], "photo.jpg");
        const [attachment] = await working.attach(requester, { ticketId: ticket.id, files: [file] });
        for (;;) {
          const { data } = await working.server.gql<{ attachment: Fields }>(
            FIELDS,
            { id: attachment!.id },
            requester.token,
          );
          if (data!.attachment.mediaFile.variantsStatus === "READY") break;
          await pass(20);
        }
      } finally {
        await working.close();
      }
    });

    it("takes a JPEG without an end mark, in memory and from a file", async () => {
      const small = (await picture()).subarray(0, -2);
      const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
      const large = await sharp({
        create: { width: 3_000, height: 2_000, channels: 3, background: "#888", noise },
      })
        .jpeg({ quality: 95 })
        .toBuffer();
      expect(large.length).toBeGreaterThan(4 * 1024 ** 2);
      for (const bytes of [small, large.subarray(0, -2)]) {
        const id = await attach(bytes);
        await renderPending(world.server);
        expect((await fieldsOf(id)).mediaFile.variantsStatus).toBe("READY");
      }
    });

    it("is given up at once, with no retry and no fault of ours, for bytes that no decoder reads", async () => {
      const bytes = await picture();
      const id = await attach(bytes);
      const { mediaFile } = await fieldsOf(id);
      const { storage } = world.server.services;
      const get_ = jest
        .spyOn(storage, "get")
        .mockImplementation(async () => Readable.from([bytes.subarray(0, 300)]));
      try {
        expect(await renderFile(mediaFile.id)).toMatchObject({
          outcome: "cannot be rendered",
          reason: expect.any(String),
        });
      } finally {
        get_.mockRestore();
      }
      expect((await fieldsOf(id)).mediaFile.variantsStatus).toBe("FAILED");
    });

    it("is given up at once for a picture with a longer side than is allowed by now", async () => {
      const id = await attach(await picture());
      const { mediaFile } = await fieldsOf(id);
      const ribbon = await fourFields({ width: 17_000, height: 2 }).png().toBuffer();
      const get_ = jest
        .spyOn(world.server.services.storage, "get")
        .mockImplementation(async () => Readable.from([ribbon]));
      try {
        expect(await renderFile(mediaFile.id)).toMatchObject({ outcome: "cannot be rendered" });
      } finally {
        get_.mockRestore();
      }
      expect((await fieldsOf(id)).mediaFile.variantsStatus).toBe("FAILED");
    });

    it("is reported when it fails for good, and leaves the original as it is", async () => {
      const bytes = await picture();
      const id = await attach(bytes);
      const { mediaFile } = await fieldsOf(id);
      const { storage, renderVariants } = world.server.services;
      const get_ = jest.spyOn(storage, "get").mockRejectedValue(new Error("the store is down"));
      try {
        await expect(renderFile(mediaFile.id)).rejects.toThrow("the store is down");
      } finally {
        get_.mockRestore();
      }
      await renderVariants.onDead?.({ mediaFileId: mediaFile.id });
      const failed = await fieldsOf(id);
      expect(failed.mediaFile).toMatchObject({ variantsStatus: "FAILED", variants: [] });
      const token = bearer(world.people.requester.token);
      const answer = await get(`${world.server.url}/files/${mediaFile.id}/large/a.jpg`, token);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([404, null]);
      expect((await get(`${world.server.url}/files/${mediaFile.id}/a.jpg`, token)).bytes).toEqual(bytes);
      expect(await eventsOf(mediaFile.id)).toEqual([
        { type: "file.added" },
        { type: "file.variants-failed" },
      ]);
      const audit = await world.server.database
        .sql`select action from audit_log where subject_id = ${mediaFile.id} order by id`;
      expect(audit[0]).toEqual({ action: "media-file.rendering-failed" });
      // Asked for again by hand, it heals.
      await renderFile(mediaFile.id);
      expect((await fieldsOf(id)).mediaFile.variantsStatus).toBe("READY");
    });

    it("is asked for in the transaction that records the files, once for all of them", async () => {
      const sent: { inTransaction: boolean; names: string[] }[] = [];
      const { services, database } = world.server;
      const viewer = (await services.sessions.viewerById(world.people.requester.id)) as UserViewer;
      const ingest = createIngestService({
        observer: noIngestObserver,
        ...services,
        db: database.db,
        clock: () => new Date(),
        tempFolder: services.tempFolder,
        scanner: scannerOff,
        scanInlineBytes: 0,
        log: { warn() {} },
        filesPerRequest: 10,
        maxPixels: 50_000_000,
        jobs: {
          async send(tx, requests) {
            sent.push({ inTransaction: tx !== database.db, names: requests.map((request) => request.name) });
          },
        },
      });
      const contents = [await picture(), Buffer.from(`words ${Math.random()}`), await picture()];
      const refused = ingest.ingestFiles({
        viewer,
        companyId,
        bucket: "ATTACHMENTS",
        incoming: incoming(...contents.map((bytes, n) => ({ name: n === 1 ? "a.txt" : "a.jpg", bytes }))),
        permit: null,
        inTransaction: async () => {
          throw new Error("enough seen");
        },
      });
      await expect(refused).rejects.toThrow("enough seen");
      expect(sent).toEqual([{ inTransaction: true, names: ["render-variants", "render-variants"] }]);
    });
  });

  describe("a public bucket", () => {
    const publicUrl = (id: string, variant: string) => `${world.server.url}/public/${id}/${variant}/logo.png`;

    it("gives its variants to everybody, for caches to keep, and never the original", async () => {
      const logo = await fourFields({ width: 800, height: 400, alpha: 0 }).png().toBuffer();
      const id = await ingestAs("COMPANY_LOGOS", logo, "logo.png");
      const early = await get(publicUrl(id, "logo"));
      expect([early.status, early.headers.get("retry-after")]).toEqual([404, "2"]);
      await renderFile(id);
      const forms = { logo: "image/webp", "logo-thumbnail": "image/png", favicon: "image/png" };
      for (const [name, mimeType] of Object.entries(forms)) {
        const answer = await get(publicUrl(id, name));
        expect([answer.status, answer.headers.get("content-type")]).toEqual([200, mimeType]);
        expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
        const version = answer.headers.get("etag")!.slice(1, 13);
        const versioned = await get(`${publicUrl(id, name)}?v=${version}`);
        expect(versioned.headers.get("cache-control")).toBe("public, max-age=86400, immutable");
        const old = await get(`${publicUrl(id, name)}?v=0123456789ab`);
        expect(old.headers.get("cache-control")).toBe("public, max-age=60");
        expect(old.bytes).toEqual(answer.bytes);
        expect(answer.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
        expect(answer.headers.get("content-disposition")).toMatch(/^inline/);
        expect((await sharp(answer.bytes).metadata()).hasAlpha).toBe(true);
        expect(
          (await get(publicUrl(id, name), { "if-none-match": answer.headers.get("etag")! })).status,
        ).toBe(304);
      }
      for (const variant of ["original", "originals", "large"])
        expect((await get(publicUrl(id, variant))).status).toBe(404);
      await world.server.database.sql`update media_files set deleted_at = now() where id = ${id}`;
      expect((await get(publicUrl(id, "logo"))).status).toBe(410);
    });

    it("is the only one that does", async () => {
      const { mediaFile } = await fieldsOf(await attach(await picture()));
      await renderFile(mediaFile.id);
      for (const id of [mediaFile.id, "00000000-0000-7000-8000-000000000000", "nonsense"]) {
        const answer = await get(publicUrl(id, "thumbnail"));
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([404, null]);
      }
    });

    it("gives out nothing infected", async () => {
      const id = await ingestAs("COMPANY_LOGOS", await picture(), "logo.jpg");
      await renderFile(id);
      await world.server.database.sql`
      update blobs set scan_status = 'INFECTED' where id = (select blob_id from media_files where id = ${id})`;
      expect((await get(publicUrl(id, "logo"))).status).toBe(403);
    });
  });
});

/** By the way of an upload, without a usage. @returns the file's id */
async function ingestAs(bucket: Bucket, bytes: Buffer, name: string): Promise<string> {
  const { services } = world.server;
  return services.ingest.ingestFiles({
    viewer: (await services.sessions.viewerById(world.people.manager.id)) as UserViewer,
    companyId,
    bucket,
    incoming: incoming({ name, bytes }),
    permit: null,
    inTransaction: async (_tx, [file]) => file!.id,
  });
}

async function lastAttachment(): Promise<string> {
  const [row] = await world.server.database.sql<
    { id: string }[]
  >`select id from attachments order by created_at desc, id desc limit 1`;
  return row!.id;
}
