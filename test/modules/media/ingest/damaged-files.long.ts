import { describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import { fixture } from "../../../support/make-files.js";
import { takeIn } from "../../../support/take-in.js";

const { ATTACHMENTS, VIDEOS } = bucketRules();

describe("a file with a damaged byte is refused plainly, or taken for what is left", () => {
  it.each(["clip.mp4", "clip.webm"])("%s", async (name) => {
    for (let round = 0; round < 20; round++) {
      const bytes = fixture(name);
      bytes[(round * 7919) % 1_500] = (round * 31) & 0xff;
      const outcome = await takeIn(bytes, name, VIDEOS).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome.name).toBe("FiledeskError");
    }
  });

  it.each(["notes.docx", "notes.doc", "logs.7z", "notes.pdf"])("%s", async (name) => {
    for (let round = 0; round < 150; round++) {
      const bytes = fixture(name);
      const at = (round * 7919) % bytes.length;
      bytes[round % 2 === 0 ? at : bytes.length - 1 - (at % 400)] = (round * 31) & 0xff;
      const outcome = await takeIn(bytes, name, ATTACHMENTS).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome.name).toBe("FiledeskError");
    }
  });
});
