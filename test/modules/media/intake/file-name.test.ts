import { describe, expect, it } from "@jest/globals";
import { cleanFileName, extensionOf } from "../../../../src/modules/media/intake/file-name.js";

describe("cleanFileName", () => {
  it.each([
    ["keeps a plain name", "Größe & Co (1).pdf", "Größe & Co (1).pdf"],
    ["composes characters", "Gro\u0308ße.pdf", "Größe.pdf"],
    ["strips a path", "../../etc/passwd.pdf", "passwd.pdf"],
    ["strips a Windows path", "C:\\Users\\jo\\a.pdf", "a.pdf"],
    ["strips control characters", "a\0b\r\nc\u0085.pdf", "abc.pdf"],
    ["strips bidi overrides", "a\u202egpj.\u2066b\u2069.pdf", "agpj.b.pdf"],
    ["strips half characters", "a\ud83d.pdf", "a.pdf"],
    ["strips leading dots and spaces", " ..hidden.pdf", "hidden.pdf"],
    ["strips trailing dots and spaces", "a.pdf. . ", "a.pdf"],
    ["gives a name without an extension one", "blob", "blob.pdf"],
    ["takes a sentence for a name without extension", "Letter. To all of us", "Letter. To all of us.pdf"],
    ["is never empty", "", "file.pdf"],
    ["is never dots alone", "../..", "file.pdf"],
  ])("%s", (_promise, name, clean) => {
    expect(cleanFileName(name, "pdf")).toBe(clean);
  });

  it("holds at most 255 bytes, cut between characters, with the extension", () => {
    const clean = cleanFileName(`${"🖨".repeat(100)}.jpeg`, "jpg");
    expect(clean).toBe(`${"🖨".repeat(62)}.jpeg`);
    expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(255);
  });

  it("takes no time that grows with the square of a hostile name", () => {
    const started = performance.now();
    for (const name of [" .".repeat(500_000), `a${". ".repeat(500_000)}b`, "\u202e".repeat(500_000)]) {
      cleanFileName(name, "pdf");
    }
    // Milliseconds on a slow machine; going over such a name again from each of its characters takes many minutes.
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});

describe("extensionOf", () => {
  it.each([
    ["a.PDF", "pdf"],
    ["archive.tar.gz", "gz"],
    ["a\u202egpj.exe", "exe"],
    [".htaccess", null],
    ["README", null],
  ])("%s ends in %s", (name, extension) => {
    expect(extensionOf(name)).toBe(extension);
  });
});
