import { afterEach, describe, expect, it } from "@jest/globals";
import { checkScanner } from "../../../src/app/doctor/check-scanner.js";
import { bucketRules } from "../../../src/modules/media/buckets.js";
import { createClamd } from "../../../src/platform/scanner/clamd.js";
import { scannerOff } from "../../../src/platform/scanner/off.js";
import type { Clamd } from "../../support/clamd.js";
import { hasClamd, prepareClamd } from "../../support/clamd.js";

const buckets = bucketRules();

describe("the doctor, asked about the scanner", () => {
  it("says that none is on", async () => {
    expect(await checkScanner(scannerOff, buckets)).toMatchObject({ state: "note" });
  });

  (hasClamd() ? describe : describe.skip)("with a clamd", () => {
    let clamd: Clamd;
    const check = async (settings: Readonly<Record<string, string>>) => {
      clamd = await prepareClamd(settings);
      await clamd.start();
      return checkScanner(createClamd({ url: clamd.tcpUrl, atOnce: 1 }), buckets);
    };
    afterEach(() => clamd.close());

    it("is content with limits above those of the largest bucket", async () => {
      const large = { StreamMaxLength: "110M", MaxFileSize: "110M", MaxScanSize: "450M" };
      expect(await check(large)).toMatchObject({ state: "ok", detail: expect.stringContaining("100 MiB") });
    });

    it.each([
      ["Debian's, which skip large files unsaid", { MaxFileSize: "25M", AlertExceedsMax: "no" }],
      ["a short stream", { StreamMaxLength: "25M" }],
      ["a small file", { MaxFileSize: "25M" }],
    ])("names the problem of limits below it: %s", async (_what, settings) => {
      expect(await check(settings)).toMatchObject({
        state: "problem",
        detail: expect.stringMatching(/MaxFileSize|StreamMaxLength.*100 MiB/),
      });
    });

    it("says that it does not answer", async () => {
      clamd = await prepareClamd();
      const scanner = createClamd({ url: clamd.tcpUrl, atOnce: 1 });
      expect(await checkScanner(scanner, buckets)).toMatchObject({
        state: "problem",
        detail: expect.stringContaining("CLAMD_URL"),
      });
    });
  });
});
