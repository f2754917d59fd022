import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fixture, makeJpeg, makePdf } from "../support/make-files.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld, textFile } from "../support/ticket-world.js";

const PAGE = "http://localhost:5173";

interface Shown {
  readonly id: string;
  readonly fileName: string;
  readonly url: string;
  readonly inlineUrl: string | null;
  readonly mediaFile: { readonly url: string; readonly inlineUrl: string | null };
}

let world: TicketWorld;
let files: ReadonlyMap<string, Shown>;

const fileOf = (name: string): Shown => files.get(name)!;

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return { status: response.status, headers: response.headers };
}

describe("files for pages", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    const { requester } = world.people;
    const companyId = await world.newCompany();
    const { id: ticketId } = await world.openTicket(requester, { companyId });
    const bytes = (content: Buffer | string, name: string) => new File([content as never], name);
    await world.attach(requester, {
      ticketId,
      files: [
        bytes(await makeJpeg(), "lamp.jpg"),
        bytes(makePdf(), "bill.pdf"),
        bytes(fixture("clip.mp4"), "clip.mp4"),
        textFile("note.txt"),
        bytes("a;b\n1;2\n", "list.csv"),
        bytes(fixture("logs.zip"), "logs.zip"),
        bytes(fixture("notes.docx"), "notes.docx"),
        bytes('{"lamp": "flickers"}\n', "lamp.json"),
        bytes("<html><body><table><tr><td>1</td></tr></table></body></html>", "report.xls"),
      ],
    });
    const { data } = await world.server.gql<{ ticket: { attachments: { nodes: Shown[] } } }>(
      `query ($id: ID!) { ticket(id: $id) { attachments(first: 20) { nodes {
      id fileName url inlineUrl mediaFile { url inlineUrl } } } } }`,
      { id: ticketId },
      requester.token,
    );
    files = new Map(data!.ticket.attachments.nodes.map((file) => [file.fileName, file]));
  });

  afterAll(() => world?.close());

  describe("`inlineUrl`", () => {
    it.each(["lamp.jpg", "bill.pdf", "clip.mp4", "note.txt", "list.csv"])("shows %s", async (name) => {
      const { url, inlineUrl, mediaFile } = fileOf(name);
      for (const [asked, disposition] of [
        [url, "attachment"],
        [inlineUrl, "inline"],
        [mediaFile.url, "attachment"],
        [mediaFile.inlineUrl, "inline"],
      ] as const) {
        const { status, headers } = await get(asked!);
        expect(status).toBe(200);
        expect(headers.get("content-disposition")).toBe(`${disposition}; filename=${name}`);
        expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
      }
    });

    it.each(["logs.zip", "notes.docx", "lamp.json", "report.xls"])("is null for %s", async (name) => {
      const { url, inlineUrl, mediaFile } = fileOf(name);
      expect([inlineUrl, mediaFile.inlineUrl]).toEqual([null, null]);
      const { headers } = await get(`${url}&inline`);
      expect(headers.get("content-disposition")).toMatch(/^attachment;/);
    });
  });

  describe("a download by a page", () => {
    it("is the same whichever page asks, so that it is kept once", async () => {
      const { url } = fileOf("lamp.jpg");
      for (const asked of [url, `${url}x`, url.replace(/attachments\/[^/]*/, "attachments/none")]) {
        const answers = [await get(asked), await get(asked, { origin: PAGE })];
        for (const { headers } of answers) {
          expect(headers.get("access-control-allow-origin")).toBe("*");
          expect(headers.get("vary")).toBeNull();
        }
      }
    });

    it("says by headers that the page can read what part it is", async () => {
      const { status, headers } = await get(fileOf("clip.mp4").url, { origin: PAGE, range: "bytes=0-9" });
      expect(status).toBe(206);
      const exposed = headers.get("access-control-expose-headers")?.split(/, */);
      expect(exposed).toEqual(expect.arrayContaining(["accept-ranges", "content-range"]));
      expect(headers.get("accept-ranges")).toBe("bytes");
    });

    it("is kept for a minute and asked for again, so that a deleted file is gone", async () => {
      const { requester } = world.people;
      const { id, url } = fileOf("note.txt");
      const first = await get(url);
      expect(first.headers.get("cache-control")).toBe("private, max-age=60");
      const again = { "if-none-match": first.headers.get("etag")! };
      const kept = await get(url, again);
      expect([kept.status, kept.headers.get("cache-control")]).toEqual([304, "private, max-age=60"]);

      const change = (mutation: string) =>
        world.server.gql(`mutation { ${mutation}(id: "${id}") { id } }`, {}, requester.token);
      expect(codeIn(await change("deleteAttachment"))).toBe("ok");
      const gone = await get(url, again);
      expect([gone.status, gone.headers.get("cache-control")]).toEqual([410, "no-store"]);
      expect(codeIn(await change("restoreAttachment"))).toBe("ok");
      expect((await get(url, again)).status).toBe(304);
    });

    it("with a token is not kept without asking", async () => {
      const url = fileOf("bill.pdf").url.split("?", 1)[0]!;
      const { headers } = await get(url, { ...bearer(world.people.requester.token), origin: PAGE });
      expect(headers.get("cache-control")).toBe("private, max-age=0");
    });
  });
});
