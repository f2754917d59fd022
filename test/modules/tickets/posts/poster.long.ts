import { afterEach, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { CreateVideoClipDocument } from "../../../support/generated/operations.js";
import { hasFfmpeg, turned } from "../../../support/make-clips.js";
import { fixture } from "../../../support/make-files.js";
import { bearer } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld | undefined;

interface Variant {
  readonly name: string;
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

interface Posted {
  readonly variantsStatus: string;
  readonly placeholder: string | null;
  readonly variants: readonly Variant[];
}

/** Posts a clip, and does what is done to it later. */
async function postClip(env: Record<string, string>, bytes = fixture("clip.mp4")): Promise<Posted> {
  world = await startTicketWorld({ env });
  const { requester } = world.people;
  const companyId = await world.newCompany();
  const { id: ticketId } = await world.openTicket(requester, { companyId });
  const variables = { input: { ticketId, file: new File([new Uint8Array(bytes)], "clip.mp4") } };
  const { data: posted } = await requester.client.mutate({ mutation: CreateVideoClipDocument, variables });
  const { file } = posted!.createVideoClip as { file: { id: string } };
  await world.server.services.renderVariants.run({ mediaFileId: file.id }, new AbortController().signal);
  const { data } = await world.server.gql<{ ticket: { posts: { nodes: { file: Posted }[] } } }>(
    `query ($id: ID!) { ticket(id: $id) { posts { nodes { ... on VideoClip { file {
      variantsStatus placeholder variants { name url width height } } } } } } }`,
    { id: ticketId },
    requester.token,
  );
  return data!.ticket.posts.nodes[0]!.file;
}

/** Index and lengths are whole, the picture data is not. */
function destroyed(mp4: Buffer): Buffer {
  const bytes = Buffer.from(mp4);
  const box = bytes.indexOf("mdat") - 4;
  return bytes.fill(0, box + 8, box + bytes.readUInt32BE(box));
}

describe("poster", () => {
  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  describe("the poster of a clip", () => {
    it("is not to be had where ffmpeg is missing, which is said and no failure", async () => {
      const file = await postClip({ FFMPEG_PATH: "/nowhere/ffmpeg" });
      expect(file).toMatchObject({ variantsStatus: "NOT_APPLICABLE", placeholder: null, variants: [] });
    });
  });

  (hasFfmpeg() ? describe : describe.skip)("the poster of a clip (ffmpeg)", () => {
    it("has failed at once, without a retry, when the clip's picture data is destroyed", async () => {
      await postClip({}, destroyed(fixture("clip.mp4")));
      const { sql } = world!.server.database;
      const [file] = await sql<{ id: string; variants_status: string }[]>`
      select id, variants_status from media_files order by id desc limit 1`;
      expect(file!.variants_status).toBe("FAILED");
      const { renderVariants } = world!.server.services;
      const again = await renderVariants.run({ mediaFileId: file!.id }, new AbortController().signal);
      expect(again).toEqual({ outcome: "cannot be rendered", reason: expect.stringContaining("no picture") });
    });

    it("is there in all sizes, turned as people see it, for those who read the ticket", async () => {
      const file = await postClip({}, turned(fixture("clip.mp4")));
      expect(file).toMatchObject({ variantsStatus: "READY", placeholder: expect.any(String) });
      expect(file.variants.map(({ name }) => name).toSorted()).toEqual(["large", "medium", "thumbnail"]);
      const { people } = world!;
      for (const { url, width, height } of file.variants) {
        expect([width, height]).toEqual([64, 96]);
        const response = await fetch(url.split("?", 1)[0]!, { headers: bearer(people.agent.token) });
        const picture = sharp(Buffer.from(await response.arrayBuffer()));
        expect(await picture.metadata()).toMatchObject({ format: "jpeg", width: 64, height: 96 });
        expect(await downloadStatus(url, people.stranger)).toBe(404);
      }
    });
  });
});
