import { describe, expect, it } from "@jest/globals";
import { Bucket, bucketRules } from "../../../src/modules/media/buckets.js";

const MIB = 1024 * 1024;

describe("bucketRules", () => {
  it("has the defaults of the design", () => {
    const rules = bucketRules();
    expect(Object.keys(rules)).toEqual(Object.keys(Bucket));
    expect(Object.values(rules).map(({ maxBytes, access }) => [maxBytes / MIB, access])).toEqual([
      [5, "public"],
      [5, "private"],
      [50, "private"],
      [10, "private"],
      [10, "private"],
      [100, "private"],
      [10, "public"],
    ]);
    expect(rules.VIDEOS.maxSeconds).toBe(120);
    expect(rules.ATTACHMENTS.types.join(" ")).toBe(
      "pdf doc docx xls xlsx xlsb ppt pptx odt ods odp rtf txt csv tsv json xml md yaml ini sql ics vcf diff eml msg jpeg png gif webp bmp tiff heic mp4 quicktime webm mp3 m4a ogg wav amr zip 7z gz",
    );
  });

  it("lays an operator's overrides over them, field by field", () => {
    const rules = bucketRules({ CHAT: { types: ["jpeg", "bmp"] }, VIDEOS: { maxBytes: 5, maxSeconds: 30 } });
    expect(rules.CHAT).toMatchObject({ types: ["jpeg", "bmp"], maxBytes: 10 * MIB });
    expect(rules.VIDEOS).toMatchObject({ types: ["mp4", "webm", "quicktime"], maxBytes: 5, maxSeconds: 30 });
    expect(bucketRules().CHAT.types).toContain("pdf");
  });

  it("says all that is wrong at once", () => {
    const overrides = {
      CELLAR: {},
      CHAT: { types: ["jpeg", "exe", 7], maxBytes: 1.5, access: "public" },
      AVATARS: { types: [], maxSeconds: 5 },
      PHOTOS: 5,
    };
    expect(() => bucketRules(overrides)).toThrow(
      /CELLAR.*"exe".*7.*CHAT\.maxBytes.*CHAT\.access.*AVATARS\.types.*AVATARS\.maxSeconds.*PHOTOS/s,
    );
  });

  it.each([null, [], "x", 5])("refuses %j as overrides", (overrides) => {
    expect(() => bucketRules(overrides)).toThrow("must be an object");
  });
});
