import { describe, expect, it } from "@jest/globals";
import type { FileTypeName } from "../../../../../src/modules/media/file-types.js";
import { FILE_TYPES } from "../../../../../src/modules/media/file-types.js";
import { extensionOf, fittingName } from "../../../../../src/modules/media/ingest/receive/file-name.js";

const named = (given: string, type: FileTypeName = "pdf") => fittingName(given, FILE_TYPES[type]);

describe("a name that is fit to be shown", () => {
  it.each([
    ["keeps a plain name", "Größe & Co (1).pdf", "Größe & Co (1).pdf"],
    ["composes characters", "Gro\u0308ße.pdf", "Größe.pdf"],
    ["strips a path", "../../etc/passwd.pdf", "passwd.pdf"],
    ["strips a Windows path", "C:\\Users\\jo\\a.pdf", "a.pdf"],
    ["strips control characters", "a\0b\u001bc\u009b.pdf", "abc.pdf"],
    ["folds white space and line ends", " a\r\nb \u00a0c\td.pdf", "a b c d.pdf"],
    ["strips marks that turn its direction", "a\u202egpj.\u2066b\u2069\u200f.pdf", "agpj.b.pdf"],
    ["strips half characters", "a\ud83d.pdf", "a.pdf"],
    ["strips leading dots and spaces", " ..hidden.pdf", "hidden.pdf"],
    ["strips trailing dots and spaces", "a.pdf. . ", "a.pdf"],
    ["gives a name without an extension one", "blob", "blob.pdf"],
    ["takes a sentence for a name without extension", "Letter. To all of us", "Letter. To all of us.pdf"],
    ["is never empty", "", "upload.pdf"],
    ["is never dots alone", "../..", "upload.pdf"],
  ])("%s", (_promise, given, shown) => {
    expect(named(given)).toBe(shown);
    expect(named(shown)).toBe(shown);
  });

  it("holds at most 255 bytes, cut between characters, with the extension", () => {
    const shown = named(`${"🖨".repeat(100)}.jpeg`, "jpeg");
    expect(shown).toBe(`${"🖨".repeat(62)}.jpeg`);
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(255);
    expect(named("x".repeat(300), "jpeg")).toBe(`${"x".repeat(251)}.jpg`);
  });

  it("takes no time that grows with the square of a hostile name", () => {
    const started = performance.now();
    for (const name of [" .".repeat(500_000), `a${". ".repeat(500_000)}b`, "\u202e".repeat(500_000)])
      named(name);
    // Milliseconds on a slow machine; going over such a name again from each of its characters takes many minutes.
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});

describe("a name and what it names", () => {
  it.each<[string, FileTypeName, string]>([
    // An extension of the type stays as it was written.
    ["a.PDF", "pdf", "a.PDF"],
    ["photo.jpeg", "jpeg", "photo.jpeg"],
    ["phone.m4v", "mp4", "phone.m4v"],
    ["voice.mp4", "m4a", "voice.mp4"],
    ["logs.tar.gz", "gz", "logs.tar.gz"],
    ["java.log", "xml", "java.log"],
    ["report.xls", "html", "report.xls"],
    ["letter.doc", "rtf", "letter.doc"],
    // What is no kind of file is a part of the name.
    ["Invoice No.5", "pdf", "Invoice No.5.pdf"],
    ["Report v1.2", "docx", "Report v1.2.docx"],
    ["12.30.45", "png", "12.30.45.png"],
    ["app.log.1", "txt", "app.log.1.txt"],
    ["a.xyz", "jpeg", "a.xyz.jpg"],
    ["invoice 2026.05", "pdf", "invoice 2026.05.pdf"],
    ["Booking.com", "pdf", "Booking.com.pdf"],
    ["Dr. Smith", "jpeg", "Dr. Smith.jpg"],
    ["scan.pdf.5", "pdf", "scan.pdf.5.pdf"],
    ["style.css", "txt", "style.css.txt"],
    ["", "jpeg", "upload.jpg"],
    ["", "txt", "upload.txt"],
    ["", "mp4", "upload.mp4"],
    // A relative is replaced by the right one.
    ["IMG_4711.HEIC", "jpeg", "IMG_4711.jpg"],
    ["IMG_4711.JPG", "heic", "IMG_4711.heic"],
    ["a.png", "jpeg", "a.jpg"],
    ["a.jpg", "png", "a.png"],
    ["a.jpg", "webp", "a.webp"],
    ["a.pjpeg", "jpeg", "a.jpg"],
    ["a.jfif", "jpeg", "a.jpg"],
    ["stereo.mpo", "jpeg", "stereo.jpg"],
    ["a.apng", "png", "a.png"],
    ["a.avif", "jpeg", "a.jpg"],
    ["a.psd", "tiff", "a.tif"],
    ["phone.mov", "mp4", "phone.mp4"],
    ["phone.mp4", "quicktime", "phone.mov"],
    ["a.webm", "mp4", "a.mp4"],
    ["a.mkv", "webm", "a.webm"],
    ["a.avi", "mp4", "a.mp4"],
    ["voice.mp3", "m4a", "voice.m4a"],
    ["voice.ogg", "wav", "voice.wav"],
    ["clip.m4a", "mp4", "clip.mp4"],
    ["letter.doc", "docx", "letter.docx"],
    ["letter.docx", "odt", "letter.odt"],
    ["report.xls", "xlsx", "report.xlsx"],
    ["report.xlsm", "xlsx", "report.xlsx"],
    ["slides.ppsx", "pptx", "slides.pptx"],
    ["mail.msg", "eml", "mail.eml"],
    ["logs.rar", "zip", "logs.zip"],
  ])("%s, which is %s, is called %s", (given, type, shown) => {
    expect(named(given, type)).toBe(shown);
    expect(named(shown, type)).toBe(shown);
  });

  it.each<[string, FileTypeName]>([
    ["a.pdf", "png"],
    ["a.jpg", "pdf"],
    ["a.exe", "jpeg"],
    ["photo.jpg.exe", "jpeg"],
    ["a\u202egpj.exe", "jpeg"],
    ["a.html", "jpeg"],
    ["a.js", "txt"],
    ["a.mp4", "jpeg"],
    ["a.jpg", "mp4"],
    ["voice.mp3", "mp4"],
    ["a.doc", "xls"],
    ["a.zip", "docx"],
    ["a.docx", "zip"],
    ["a.jar", "zip"],
    ["a.jpg", "txt"],
    ["a.rar", "txt"],
    ["a.eml", "txt"],
    ["a.svg", "png"],
    ["a.png", "svg"],
  ])("%s, which is %s, is refused: it says another kind", (given, type) => {
    expect(() => named(given, type)).toThrow(expect.objectContaining({ code: "FILE_TYPE_MISMATCH" }));
  });

  it("is kept where the type is in the table no more", () => {
    expect(fittingName("a.jpg", null)).toBe("a.jpg");
    expect(fittingName("a", null)).toBe("a.bin");
  });
});

describe("extensionOf", () => {
  it.each([
    ["a.PDF", "pdf"],
    ["archive.tar.gz", "gz"],
    ["a\u202egpj.exe", "exe"],
    ["Invoice No.5", null],
    ["a.toString", null],
    [".htaccess", null],
    ["README", null],
  ])("%s ends in %s", (name, extension) => {
    expect(extensionOf(name)).toBe(extension);
  });
});
