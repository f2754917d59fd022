import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { storageOf } from "../../../support/desk-storage.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { renderPending } from "../../../support/render-pending.js";
import { stageFile } from "../../../support/staged-uploads.js";
import { codeOf } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

/** A red square on the left half, and what must not be kept. */
const drawing = (name: string) => `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 12" onload="alert('${name}')">
  <script>alert("${name}")</script><image href="http://evil.test/a.png" width="9" height="9"/>
  <rect width="12" height="12" fill="#ff0000"/>
</svg>`;

const stored = async (): Promise<string> => {
  const [row] = await world.server.database.sql<{ key: string }[]>`
    select storage_key as key from blobs where company_id = ${companyId} order by created_at desc limit 1`;
  const chunks = await (await storageOf(world.server.dataFolder).get(row!.key)).toArray();
  return Buffer.concat(chunks as Buffer[]).toString();
};

interface Read {
  readonly mediaFile: {
    readonly mimeType: string;
    readonly width: number;
    readonly height: number;
    readonly sha256: string;
    readonly url: string;
    readonly inlineUrl: string | null;
    readonly variants: readonly { readonly name: string; readonly url: string; readonly width: number }[];
  };
}

describe("SVG in a bucket of public pages", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });
  afterAll(() => world?.close());

  const read = async (id: string) =>
    (
      await world.server.gql<Read>(
        "query ($id: ID!) { mediaFile(id: $id) { mimeType width height sha256 url inlineUrl variants { name url width } } }",
        { id },
        world.people.manager.token,
      )
    ).data!.mediaFile;

  const upload = (file: File) =>
    uploadMedia(world.people.manager, { companyId, bucket: "PUBLIC_PAGES", file });

  it.each([
    ["in a request", async () => (await upload(fileOf("a.svg", drawing("request")))).id],
    [
      "resumable",
      async () => {
        const { manager } = world.people;
        const target = { bucket: "PUBLIC_PAGES" as const, companyId, fileName: "a.svg" };
        const at = { url: world.server.url, token: manager.token };
        const stagedUploadId = await stageFile(at, target, Buffer.from(drawing("resumable")));
        const { data } = await world.server.gql<{ uploadMedia: { id: string } }>(
          "mutation ($input: UploadMediaInput!) { uploadMedia(input: $input) { id } }",
          { input: { companyId, bucket: "PUBLIC_PAGES", stagedUploadId } },
          manager.token,
        );
        return data!.uploadMedia.id;
      },
    ],
  ])("keeps the harmless document alone, and gives out its pictures (%s)", async (_door, put) => {
    companyId = await world.newCompany();
    const id = await put();
    expect(await stored()).not.toMatch(/script|alert|evil|onload/);
    await renderPending(world.server);
    const file = await read(id);
    expect(file).toMatchObject({ mimeType: "image/svg+xml", width: 24, height: 12, inlineUrl: null });
    expect(file.variants.map(({ name, width }) => [name, width])).toEqual([
      ["large", 1_200],
      ["medium", 800],
      ["thumbnail", 200],
    ]);
    for (const { url } of file.variants) {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(/^image\/(webp|jpeg)$/);
      const { data, info } = await sharp(Buffer.from(await response.arrayBuffer()))
        .raw()
        .toBuffer({ resolveWithObject: true });
      // A drawing is drawn anew in each size: just beside the edge, the colour is what it is far from it.
      const at = (x: number) =>
        [...data.subarray(((info.height >> 1) * info.width + x) * info.channels)].slice(0, info.channels);
      expect(at(info.width / 2 - 4)[0]).toBeGreaterThan(240);
      expect(at(info.width / 2 + 4).at(-1)).toBeLessThan(15);
    }
    const original = await fetch(file.url);
    expect(original.status).toBe(403);
    expect(await original.json()).toMatchObject({ error: { code: "FORBIDDEN" } });
  });

  it("refuses it in other buckets, and what is no drawing anywhere", async () => {
    companyId = await world.newCompany();
    const file = fileOf("a.svg", drawing("elsewhere"));
    expect(await codeOf(uploadMedia(world.people.manager, { companyId, bucket: "ATTACHMENTS", file }))).toBe(
      "UNSUPPORTED_FILE_TYPE",
    );
    const huge = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">${"<g/>".repeat(600_000)}</svg>`;
    expect(await codeOf(upload(fileOf("a.svg", huge)))).toBe("FILE_TOO_LARGE");
    expect(await codeOf(upload(fileOf("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")))).toBe(
      "CORRUPT_FILE",
    );
    expect(await codeOf(upload(fileOf("a.png", drawing("renamed"))))).toBe("FILE_TYPE_MISMATCH");
  });
});
