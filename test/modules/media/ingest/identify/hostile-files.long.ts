import { afterEach, describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../../src/modules/media/buckets.js";
import { readCompoundFile } from "../../../../../src/modules/media/ingest/identify/compound-file.js";
import { identify } from "../../../../../src/modules/media/ingest/identify/identify.js";
import { eachElement } from "../../../../../src/modules/media/ingest/identify/package-xml.js";
import type { FileBytes } from "../../../../../src/modules/media/ingest/receive/file-bytes.js";
import { openFileBytes } from "../../../../../src/modules/media/ingest/receive/file-bytes.js";
import type { TempFile } from "../../../../../src/platform/storage/temp-file.js";
import { HOSTILE_CONTAINERS } from "../../../../support/hostile-files/containers.js";
import { packageOf } from "../../../../support/hostile-files/packages.js";
import { HOSTILE_FILES } from "../../../../support/hostile-files/table.js";
import { leastCost } from "../../../../support/processor-cost.js";
import { newTempFile, receiveBytes } from "../../../../support/received.js";
import { inspectIdentified } from "../../../../support/take-in.js";

const { ATTACHMENTS } = bucketRules();

/** In units of `leastCost`: the dearest of these costs 12. What takes the square of its length costs hundreds. */
const MOST = 60;

const temps: TempFile[] = [];

/** Judges a file. @returns why it is refused; null for a file that is taken */
async function judge(content: Buffer, fileName: string): Promise<Error | null> {
  const temp = newTempFile();
  temps.push(temp);
  const received = await receiveBytes(temp, content, fileName);
  return identify(received, ATTACHMENTS)
    .then((identified) => inspectIdentified(identified, { companyId: "acme", maxPixels: 50_000_000 }))
    .then(
      () => null,
      (error: Error) => error,
    );
}

function inMemory(content: Buffer): FileBytes {
  const temp = newTempFile();
  temps.push(temp);
  return openFileBytes({ temp, size: content.length, head: content });
}

/** How often the event loop goes round while something runs. */
async function roundsDuring(work: () => Promise<unknown>): Promise<number> {
  let rounds = 0;
  let next = setImmediate(function round() {
    rounds++;
    next = setImmediate(round);
  });
  try {
    await work();
    return rounds;
  } finally {
    clearImmediate(next);
  }
}

describe("hostile files", () => {
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
  });

  describe("a small hostile file", () => {
    it.each(HOSTILE_FILES.map((file) => [file.fileName, file.what, file] as const))(
      "costs little, be it taken or refused: %s, %s",
      async (fileName, _what, { make }) => {
        const content = make();
        let refusal: Error | null = null;
        const cost = await leastCost(async () => {
          refusal = await judge(content, fileName);
        }, MOST);
        expect(refusal ?? { name: "FiledeskError" }).toMatchObject({ name: "FiledeskError" });
        expect(cost).toBeLessThan(MOST);
      },
    );
  });

  describe("what is made of more parts than real files have", () => {
    it.each(["an index of empty tables", "an index of empty tracks", "a still image of boxes"])(
      "is refused: %s",
      async (what) => {
        const file = HOSTILE_FILES.find((candidate) => candidate.what === what);
        const refusal = await judge(file?.make() ?? Buffer.alloc(0), file?.fileName ?? "");
        expect(refusal).toMatchObject({
          code: "CORRUPT_FILE",
          message: expect.stringMatching(/index|images/),
        });
      },
    );
  });

  describe("a file in memory", () => {
    it("is walked through in pieces, between which others have their turn", async () => {
      const rounds = await roundsDuring(async () => {
        await using bytes = inMemory(Buffer.alloc(9));
        const until = performance.now() + 100;
        while (performance.now() < until) await bytes.read(0, 1);
        while (performance.now() < until + 100) await bytes.readOn(0, 1);
      });
      expect(rounds).toBeGreaterThan(5);
    });

    it("has its lists of parts read in pieces", async () => {
      const list = Buffer.from(`<Types>${"<a/>".repeat(49_000)}</Types>`);
      const rounds = await roundsDuring(async () => {
        for (let count = 0; count < 10; count++) await eachElement(list, () => {});
      });
      expect(rounds).toBeGreaterThan(5);
    });
  });

  describe("a compound file", () => {
    it.each(HOSTILE_CONTAINERS.map((file) => [file.what, file] as const))(
      "is read in no more steps than twice its sectors: %s",
      async (_what, { make }) => {
        const content = make();
        await using bytes = inMemory(content);
        let reads = 0;
        const counted = Object.assign(Object.create(bytes) as typeof bytes, {
          read: (at: number, length: number) => {
            reads++;
            return bytes.read(at, length);
          },
        });
        await readCompoundFile(counted).catch(() => {});
        expect(reads).toBeLessThanOrEqual((2 * content.length) / 512);
      },
    );
  });

  describe("an Office document", () => {
    const COMMENTS = "application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml";
    const part = (index: number) => `word/comments/comments${index}.xml`;
    const numbers = Array.from({ length: 9_900 }, (_, index) => index);

    it("may have as many parts as an archive has entries, each with a content type and a link", async () => {
      const overrides = numbers.map(
        (index) => `<Override PartName="/${part(index)}" ContentType="${COMMENTS}"></Override>`,
      );
      const links = numbers.map(
        (index) =>
          `<Relationship Id="rId${index}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.com/${index}" TargetMode="External"/>`,
      );
      const document = packageOf({
        overrides: overrides.join("\r\n"),
        others: [
          {
            name: "word/_rels/document.xml.rels",
            content: `<Relationships>${links.join("")}</Relationships>`,
          },
          ...numbers.map((index) => ({ name: part(index), content: "", stored: true })),
        ],
      });
      expect(await judge(document, "a.docx")).toBeNull();
    });

    it.each([
      ["tags", { overrides: "<a/>".repeat(50_000) }, /more than 50000 tags/],
      ["attributes of one element", { overrides: `<Override${' a=""'.repeat(101)}/>` }, /is broken/],
      ["links", { links: "<a/>".repeat(50_000) }, /more than 50000 tags/],
    ])("is refused for too many %s", async (_what, parts, message) => {
      const refusal = await judge(packageOf(parts), "a.docx");
      expect(refusal).toMatchObject({ code: "CORRUPT_FILE", message: expect.stringMatching(message) });
    });
  });
});
