import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { bucketRules } from "../../../../../src/modules/media/buckets.js";
import type { FileTypeName } from "../../../../../src/modules/media/file-types.js";
import { FILE_TYPES } from "../../../../../src/modules/media/file-types.js";
import { identify } from "../../../../../src/modules/media/ingest/identify/identify.js";
import type { TempFile } from "../../../../../src/platform/storage/temp-file.js";
import { DESK_FILES } from "../../../../support/desk-files.js";
import { makeCompoundFile } from "../../../../support/make-compound-file.js";
import {
  fixture,
  makeBmp,
  makeDocx,
  makeGif,
  makeJpeg,
  makeOffice,
  makePdf,
  makePng,
  makeWebp,
} from "../../../../support/make-files.js";
import type { ZipEntry } from "../../../../support/make-zip.js";
import { makeZip } from "../../../../support/make-zip.js";
import { newTempFile, receiveBytes } from "../../../../support/received.js";
import { takeIn } from "../../../../support/take-in.js";

const rules = bucketRules();
const { ATTACHMENTS } = rules;

const temps: TempFile[] = [];

async function identifyBytes(content: Buffer | string, fileName: string, bucket = ATTACHMENTS) {
  const temp = newTempFile();
  temps.push(temp);
  return identify(await receiveBytes(temp, content, fileName), bucket);
}

type Content = Buffer | string | Promise<Buffer>;
type Make = () => Content;

const utf16le = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
const utf16be = (text: string) => utf16le(text).swap16();
const longText = "Zeile über Zeile, 日本語 und 🖨️\n".repeat(20_000);
const big = { width: 1600, height: 1200 };

const TAKEN: readonly [FileTypeName, string, Make][] = [
  ["pdf", "notes.pdf", () => fixture("notes.pdf")],
  ["pdf", "tiny.PDF", () => makePdf()],
  ["doc", "notes.doc", () => fixture("notes.doc")],
  ["docx", "notes.docx", () => fixture("notes.docx")],
  ["docx", "tiny.docx", () => makeDocx()],
  ["xls", "counts.xls", () => fixture("counts.xls")],
  ["xlsx", "counts.xlsx", () => fixture("counts.xlsx")],
  ["xlsb", "tiny.xlsb", () => makeOffice("xlsb", { mainType: BINARY_MAIN })],
  ["ppt", "slides.ppt", () => fixture("slides.ppt")],
  ["pptx", "slides.pptx", () => fixture("slides.pptx")],
  ["txt", "notes.txt", () => "Broken printer, room 12\n"],
  ["txt", "long.txt", () => longText],
  ["txt", "utf-16le.txt", () => utf16le(longText)],
  ["txt", "utf-16be.txt", () => utf16be(longText)],
  ["txt", "bom.txt", () => `\ufeff${longText}`],
  ["txt", "server.log", () => "\u001b[31mERROR\u001b[0m disk is full\r\n"],
  ["txt", "magic.txt", () => "BMW, MZ, GIF89a and other words that begin like binary files do"],
  ["txt", "pdf.txt", () => join("How to write a PDF:\n", makePdf())],
  ["txt", "quote.txt", () => "<jo@acme.test> wrote: use <html> and <?php here\n"],
  [
    "xml",
    "sheet.xml",
    () => '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<ss:Workbook xmlns:ss="urn:x"/>',
  ],
  [
    "xml",
    "book.xml",
    () => `<!DOCTYPE book [ <!ENTITY a "b"> ]\n><!--${"x".repeat(20_000)}--><book>&a;</book>`,
  ],
  ["xml", "bare.xml", () => "<note/>"],
  ["csv", "counts.csv", () => "page,jams\n1,0\n"],
  ["csv", "utf-16.csv", () => utf16le("page,jams\n1,0\n")],
  ["jpeg", "photo.jpg", () => makeJpeg()],
  ["jpeg", "photo.jpeg", () => makeJpeg({ progressive: true, ...big })],
  ["jpeg", "motion.jpg", async () => Buffer.concat([await makeJpeg(), Buffer.alloc(300_000, "film")])],
  ["png", "photo.png", () => makePng()],
  ["bmp", "photo.bmp", () => makeBmp()],
  ["png", "large.png", () => makePng(big)],
  ["gif", "photo.gif", () => makeGif({ frames: 3 })],
  ["webp", "photo.webp", () => makeWebp()],
  ["zip", "logs.zip", () => fixture("logs.zip")],
  ["zip", "empty.zip", () => makeZip([])],
  [
    "zip",
    "stored.zip",
    () => makeZip([{ name: "a/b.txt", content: longText, stored: true }], { comment: "made by us" }),
  ],
  ["7z", "logs.7z", () => fixture("logs.7z")],
];

const ELF = Buffer.concat([Buffer.from("7f454c4602010100", "hex"), Buffer.alloc(200)]);
const PE = Buffer.concat([Buffer.from("MZ\x90\0\x03\0\0\0", "latin1"), Buffer.alloc(200)]);
const HTML = "<!DOCTYPE html><html><script>alert(1)</script></html>";
const SVG = '<?xml version="1.0"?>\n<!-- drawn by us -->\n<svg xmlns="http://www.w3.org/2000/svg"/>';
const body = Buffer.alloc(5000, 1);
const vbaInfo = (macros: number) =>
  Buffer.concat([
    body,
    Buffer.from(`1f00ff0314000000020000040c000000010000000${macros}00000002000000`, "hex"),
    body,
  ]);
const half = async (content: Content) => {
  const bytes = Buffer.from(await content);
  return bytes.subarray(0, Math.floor(bytes.length / 2));
};
const join = async (...parts: Content[]) =>
  Buffer.concat((await Promise.all(parts)).map((part) => Buffer.from(part)));
const openDocument = (more: ZipEntry) =>
  makeZip([{ name: "mimetype", content: "application/vnd.oasis.opendocument.text", stored: true }, more]);
const archive = makeZip([{ name: "a.txt", content: "hello" }]);
const twoEntries = [
  { name: "a.txt", content: longText },
  { name: "b.txt", content: longText },
];
const WORD_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const BINARY_MAIN = "application/vnd.ms-excel.sheet.binary.macroEnabled.main";
const WORD_MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml";

const REFUSED: readonly [string, string, string, Make][] = [
  // what no bucket takes
  ["a Linux program", "tool.txt", "UNSUPPORTED_FILE_TYPE", () => ELF],
  ["a Windows program as an image", "photo.jpg", "UNSUPPORTED_FILE_TYPE", () => PE],
  [
    "a Mach-O program",
    "tool",
    "UNSUPPORTED_FILE_TYPE",
    () => join(Buffer.from("cffaedfe", "hex"), Buffer.alloc(99)),
  ],
  [
    "a Java program",
    "app.zip",
    "UNSUPPORTED_FILE_TYPE",
    () => makeZip([{ name: "META-INF/MANIFEST.MF", content: "" }]),
  ],
  ["a shell script", "notes.txt", "UNSUPPORTED_FILE_TYPE", () => "#!/bin/sh\nrm -r /\n"],
  ["a shell script in UTF-16", "notes.txt", "UNSUPPORTED_FILE_TYPE", () => utf16le("#!/bin/sh\n")],
  ["a batch script", "notes.txt", "UNSUPPORTED_FILE_TYPE", () => "@echo off\r\ndel *\r\n"],
  ["a PHP script", "notes.csv", "UNSUPPORTED_FILE_TYPE", () => "\n  <?php echo 1;"],
  ["a script by its name", "build.js", "UNSUPPORTED_FILE_TYPE", () => "alert(1)"],
  ["HTML", "page.html", "UNSUPPORTED_FILE_TYPE", () => HTML],
  ["HTML as text", "page.txt", "UNSUPPORTED_FILE_TYPE", () => HTML],
  ["HTML as an image", "photo.png", "UNSUPPORTED_FILE_TYPE", () => HTML],
  ["HTML behind a comment", "page.txt", "UNSUPPORTED_FILE_TYPE", () => `<!-- x --> ${HTML}`],
  ["HTML in UTF-16", "page.txt", "UNSUPPORTED_FILE_TYPE", () => utf16be(HTML)],
  ["what begins as an HTML comment", "page.txt", "UNSUPPORTED_FILE_TYPE", () => "<!-- x --> hello <script>"],
  ["SVG", "drawing.svg", "UNSUPPORTED_FILE_TYPE", () => SVG],
  ["SVG as text", "drawing.txt", "UNSUPPORTED_FILE_TYPE", () => SVG],
  ["random bytes", "data.txt", "UNSUPPORTED_FILE_TYPE", () => Buffer.from("8000ff0113c0a7", "hex")],
  ["binary behind text", "data.txt", "UNSUPPORTED_FILE_TYPE", () => `${longText}\0\u0001\u0002\u0003`],
  ["binary among text", "data.txt", "UNSUPPORTED_FILE_TYPE", () => "a\0b".repeat(500)],
  ["zeros alone", "data.txt", "UNSUPPORTED_FILE_TYPE", () => Buffer.alloc(5_000)],
  [
    "HTML in an unknown charset",
    "page.txt",
    "UNSUPPORTED_FILE_TYPE",
    () => Buffer.from("<html>Größe", "latin1"),
  ],
  ["HTML behind control bytes", "page.txt", "UNSUPPORTED_FILE_TYPE", () => `\b\u0001${HTML}`],
  ["HTML as XML", "page.xml", "UNSUPPORTED_FILE_TYPE", () => `<?xml version="1.0"?>${HTML}`],
  ["HTML as Markdown", "page.md", "UNSUPPORTED_FILE_TYPE", () => HTML],
  ["HTML as JSON", "page.json", "UNSUPPORTED_FILE_TYPE", () => HTML],
  ["HTML as a new workbook", "page.xlsx", "UNSUPPORTED_FILE_TYPE", () => HTML],
  ["a script as YAML", "build.yaml", "UNSUPPORTED_FILE_TYPE", () => "#!/bin/sh\n"],
  [
    "a style sheet that is a program",
    "a.xml",
    "UNSUPPORTED_FILE_TYPE",
    () => '<?xml version="1.0"?><xsl:stylesheet/>',
  ],
  ["SVG as XML", "a.xml", "UNSUPPORTED_FILE_TYPE", () => SVG],
  ...[
    "<?note x?>",
    `<!--${"x".repeat(20_000)}-->`,
    `<!--${"x".repeat(300_000)}-->`,
    '<!DOCTYPE svg [<!ENTITY a "]>">]>',
    "<!DOCTYPE svg []\n>",
    " ".repeat(300_000),
  ].map((before): [string, string, string, Make] => [
    `SVG behind ${before.slice(0, 32).replace(/\s+/g, " ").trim() || "white space"} (${before.length})`,
    "a.xml",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      `${before.startsWith(" ") ? "" : '<?xml version="1.0"?>'}${before}<svg xmlns="http://www.w3.org/2000/svg"/>`,
  ]),
  [
    "HTML behind an instruction",
    "a.xml",
    "UNSUPPORTED_FILE_TYPE",
    () => `<?xml version="1.0"?><?note x?>${HTML}`,
  ],
  ["XML without a root", "a.xml", "UNSUPPORTED_FILE_TYPE", () => '<?xml version="1.0"?> hello'],
  ["a note as mail", "a.eml", "FILE_TYPE_MISMATCH", () => "hello\n"],
  ["a photo as mail", "a.eml", "FILE_TYPE_MISMATCH", () => makeJpeg()],
  [
    "an OpenDocument as ZIP",
    "a.zip",
    "UNSUPPORTED_FILE_TYPE",
    () => makeZip([{ name: "mimetype", content: "x" }]),
  ],
  [
    "an unknown package",
    "a.zip",
    "UNSUPPORTED_FILE_TYPE",
    () => makeDocx({ mainType: "application/x-other+xml" }),
  ],
  [
    "an unknown compound file",
    "a.doc",
    "UNSUPPORTED_FILE_TYPE",
    () => makeCompoundFile([{ name: "Other", content: body }]),
  ],
  // macros
  ["a docm renamed", "a.docx", "UNSUPPORTED_FILE_TYPE", () => makeDocx({ mainType: WORD_MACROS })],
  [
    "a docx with a VBA project of another name",
    "a.docx",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      makeDocx({
        contentTypes: `<Types><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Override PartName="/word/document.xml" ContentType="${WORD_MAIN}"/></Types>`,
        more: [{ name: "word/project.bin", content: "x" }],
      }),
  ],
  [
    "a docx with a VBA project",
    "a.docx",
    "UNSUPPORTED_FILE_TYPE",
    () => makeDocx({ more: [{ name: "word/vbaProject.bin", content: "x" }] }),
  ],
  [
    "a docx whose project is told by a relationship alone",
    "a.docx",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      makeDocx({
        more: [
          { name: "word/data.xml", content: "x" },
          {
            name: "word/_rels/document.xml.rels",
            content: `<Relationships><Relationship Id="a" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="data.xml"/></Relationships>`,
          },
        ],
      }),
  ],
  [
    "an xlsb with macros",
    "a.xlsb",
    "UNSUPPORTED_FILE_TYPE",
    () => makeOffice("xlsb", { mainType: BINARY_MAIN, more: [{ name: "xl/vbaProject.bin", content: "x" }] }),
  ],
  [
    "a docx that hides its types in a comment without an end",
    "a.docx",
    "CORRUPT_FILE",
    () =>
      makeDocx({
        contentTypes: `<Types><!-- <Override PartName="/word/document.xml" ContentType="${WORD_MAIN}"/></Types>`,
      }),
  ],
  [
    "an xlsx with a macro sheet",
    "a.xlsx",
    "UNSUPPORTED_FILE_TYPE",
    () => makeOffice("xlsx", { more: [{ name: "xl/macrosheets/sheet1.xml", content: "x" }] }),
  ],
  [
    "a doc with macros",
    "a.doc",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      makeCompoundFile([
        { name: "WordDocument", content: body },
        { name: "Macros", children: [{ name: "VBA" }] },
      ]),
  ],
  [
    "an xls with macros",
    "a.xls",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      makeCompoundFile([
        { name: "Workbook", content: body },
        { name: "_VBA_PROJECT_CUR", children: [] },
      ]),
  ],
  [
    "a ppt with macros",
    "a.ppt",
    "UNSUPPORTED_FILE_TYPE",
    () => makeCompoundFile([{ name: "PowerPoint Document", content: vbaInfo(1) }]),
  ],
  // encrypted
  [
    "an encrypted archive",
    "a.zip",
    "UNSUPPORTED_FILE_TYPE",
    () => makeZip([{ name: "secret.txt", content: "x".repeat(99), encrypted: true }]),
  ],
  [
    "an encrypted document",
    "a.docx",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      makeCompoundFile([
        { name: "EncryptionInfo", content: body },
        { name: "EncryptedPackage", content: body },
      ]),
  ],
  // renamed
  ["a PNG as PDF", "a.pdf", "FILE_TYPE_MISMATCH", () => makePng()],
  ["a JPEG as a program", "a.exe", "FILE_TYPE_MISMATCH", () => makeJpeg()],
  ["a JPEG behind a bidi override", "a\u202egpj.exe", "FILE_TYPE_MISMATCH", () => makeJpeg()],
  ["a docx as ZIP", "a.zip", "FILE_TYPE_MISMATCH", () => fixture("notes.docx")],
  ["a ZIP as docx", "a.docx", "FILE_TYPE_MISMATCH", () => fixture("logs.zip")],
  ["an xls as doc", "a.doc", "FILE_TYPE_MISMATCH", () => fixture("counts.xls")],
  ["text as an image", "a.jpg", "FILE_TYPE_MISMATCH", () => "hello"],
  // two files in one
  ["a JPEG with a ZIP behind it", "a.jpg", "FILE_TYPE_MISMATCH", () => join(makeJpeg(), archive)],
  [
    "a JPEG with a ZIP and junk behind it",
    "a.jpg",
    "FILE_TYPE_MISMATCH",
    () => join(makeJpeg(), archive, "junk"),
  ],
  ["a large PNG with a ZIP behind it", "a.png", "FILE_TYPE_MISMATCH", () => join(makePng(big), archive)],
  [
    "a GIF with a script behind it",
    "a.gif",
    "FILE_TYPE_MISMATCH",
    () => join(makeGif(), "<script>alert(1)</script>"),
  ],
  [
    "a JPEG with a script in place of its end",
    "a.jpg",
    "FILE_TYPE_MISMATCH",
    async () => join((await makeJpeg()).subarray(0, -2), "<script>alert(1)</script>"),
  ],
  [
    "a GIF with a script in place of its end",
    "a.gif",
    "FILE_TYPE_MISMATCH",
    async () => join((await makeGif()).subarray(0, -1), "<script>alert(1)</script>"),
  ],
  [
    "a GIF with a script in place of a frame",
    "a.gif",
    "FILE_TYPE_MISMATCH",
    async () => join((await makeGif()).subarray(0, -1), "!\xfe\xff<script>alert(1)</script>"),
  ],
  ["a PNG with HTML behind it", "a.png", "FILE_TYPE_MISMATCH", () => join(makePng(), "\n<HTML><body>")],
  ["a WebP with PHP behind it", "a.webp", "FILE_TYPE_MISMATCH", () => join(makeWebp(), "<?php echo 1;")],
  [
    "a JPEG with a script far behind it",
    "a.jpg",
    "FILE_TYPE_MISMATCH",
    () => join(makeJpeg(), Buffer.alloc(262_144 * 2 - 4, 32), "<script >"),
  ],
  ["a PDF with HTML in its header", "a.pdf", "FILE_TYPE_MISMATCH", () => join("%PDF-1.4\n", HTML, makePdf())],
  ["a PDF with a ZIP behind it", "a.pdf", "FILE_TYPE_MISMATCH", () => join(makePdf(), archive)],
  [
    "a PDF with HTML behind it",
    "a.pdf",
    "FILE_TYPE_MISMATCH",
    () => join(makePdf(), HTML, Buffer.alloc(4000, 32)),
  ],
  ["a 7z with a ZIP behind it", "a.7z", "FILE_TYPE_MISMATCH", () => join(fixture("logs.7z"), archive)],
  ["a doc with a ZIP behind it", "a.doc", "FILE_TYPE_MISMATCH", () => join(fixture("notes.doc"), archive)],
  ["a PDF behind HTML", "a.pdf", "UNSUPPORTED_FILE_TYPE", () => join(HTML, makePdf())],
  ["a PDF behind a script", "a.pdf", "UNSUPPORTED_FILE_TYPE", () => join("#!/bin/sh\n", makePdf())],
  ["a PDF behind a program", "a.pdf", "UNSUPPORTED_FILE_TYPE", () => join(PE, makePdf())],
  [
    "a PDF behind a picture",
    "a.pdf",
    "FILE_TYPE_MISMATCH",
    () => join(makeGif({ width: 1, height: 1 }), makePdf()),
  ],
  ["a PDF behind words and HTML", "a.pdf", "FILE_TYPE_MISMATCH", () => join("x\n", HTML, makePdf())],
  [
    "a PDF with zeros and HTML behind it",
    "a.pdf",
    "FILE_TYPE_MISMATCH",
    () => join(makePdf(), Buffer.alloc(99), HTML),
  ],
  [
    "half a PDF with zeros behind it",
    "a.pdf",
    "CORRUPT_FILE",
    async () => join(half(fixture("notes.pdf")), Buffer.alloc(99_999)),
  ],
  [
    "a PDF's header far behind",
    "a.pdf",
    "UNSUPPORTED_FILE_TYPE",
    () => join(Buffer.alloc(1_100, 1), makePdf()),
  ],
  ["a ZIP behind a program", "a.zip", "UNSUPPORTED_FILE_TYPE", () => makeZip(twoEntries, { prefix: PE })],
  [
    "a ZIP behind another's beginning",
    "a.zip",
    "CORRUPT_FILE",
    () => makeZip(twoEntries, { prefix: archive.subarray(0, 40) }),
  ],
  ["a ZIP with bytes behind it", "a.zip", "CORRUPT_FILE", () => join(archive, "junk")],
  ["a gzip with HTML behind it", "a.gz", "CORRUPT_FILE", () => join(gzipSync("x"), HTML)],
  [
    "a TIFF with HTML in it",
    "a.tiff",
    "FILE_TYPE_MISMATCH",
    async () =>
      join(
        await sharp(await makePng())
          .tiff()
          .toBuffer(),
        HTML,
      ),
  ],
  [
    "an MP3 with a script in it",
    "a.mp3",
    "FILE_TYPE_MISMATCH",
    () => join(Buffer.from("fffb9064", "hex"), Buffer.alloc(413), "<script>alert(1)</script>"),
  ],
  [
    "an HEIC with HTML behind it",
    "a.heic",
    "FILE_TYPE_MISMATCH",
    () => join("\0\0\0\x10ftypheic\0\0\0\0", HTML),
  ],
  ["an AMR recording that is a script", "a.amr", "CORRUPT_FILE", () => "#!AMR\nrm -r /\n"],
  [
    "an OpenDocument with macros",
    "a.odt",
    "UNSUPPORTED_FILE_TYPE",
    () => openDocument({ name: "Basic/Standard/Module1.xml", content: "x" }),
  ],
  [
    "an OpenDocument with scripts",
    "a.odt",
    "UNSUPPORTED_FILE_TYPE",
    () => openDocument({ name: "Scripts/python/a.py", content: "x" }),
  ],
  [
    "an encrypted OpenDocument",
    "a.odt",
    "UNSUPPORTED_FILE_TYPE",
    () => openDocument({ name: "META-INF/manifest.xml", content: "<manifest:encryption-data/>" }),
  ],
  [
    "a message with macros",
    "a.msg",
    "UNSUPPORTED_FILE_TYPE",
    () =>
      makeCompoundFile([
        { name: "__properties_version1.0", content: body },
        { name: "_VBA_PROJECT_CUR", children: [] },
      ]),
  ],
  ["an AVIF as HEIC", "a.heic", "UNSUPPORTED_FILE_TYPE", () => "\0\0\0\x14ftypmif1\0\0\0\0avif"],
  // truncated or broken
  ["half a gzip", "a.gz", "CORRUPT_FILE", () => half(gzipSync(longText))],
  ["a gzip bomb", "a.gz", "CORRUPT_FILE", () => gzipSync(Buffer.alloc(64 * 1024 * 1024))],
  [
    "half a TIFF",
    "a.tiff",
    "CORRUPT_FILE",
    async () =>
      half(
        await sharp(await makePng())
          .tiff()
          .toBuffer(),
      ),
  ],
  [
    "a TIFF whose directories go round",
    "a.tiff",
    "FILE_TOO_LARGE",
    () => Buffer.from("49492a0008000000000008000000", "hex"),
  ],
  ["half a WAV", "a.wav", "CORRUPT_FILE", () => Buffer.from("52494646641f000057415645666d7420", "hex")],
  ["half a JPEG", "a.jpg", "CORRUPT_FILE", () => half(makeJpeg())],
  ["half a large JPEG", "a.jpg", "CORRUPT_FILE", () => half(makeJpeg(big))],
  ["a JPEG without its last row", "a.jpg", "CORRUPT_FILE", async () => (await makeJpeg()).subarray(0, -200)],
  [
    "a large JPEG without its last row",
    "a.jpg",
    "CORRUPT_FILE",
    async () => (await makeJpeg(big)).subarray(0, -200),
  ],
  [
    "a JPEG that ends before its picture",
    "a.jpg",
    "CORRUPT_FILE",
    async () => (await makeJpeg()).subarray(0, 200),
  ],
  ["half a PNG", "a.png", "CORRUPT_FILE", () => half(makePng())],
  ["half a GIF", "a.gif", "CORRUPT_FILE", () => half(makeGif())],
  ["half a WebP", "a.webp", "CORRUPT_FILE", () => half(makeWebp())],
  ["half a PDF", "a.pdf", "CORRUPT_FILE", () => half(fixture("notes.pdf"))],
  ["half a ZIP", "a.zip", "CORRUPT_FILE", () => half(fixture("logs.zip"))],
  ["half a docx", "a.docx", "CORRUPT_FILE", () => half(fixture("notes.docx"))],
  ["half a 7z", "a.7z", "CORRUPT_FILE", () => half(fixture("logs.7z"))],
  ["half a doc", "a.doc", "CORRUPT_FILE", () => half(fixture("notes.doc"))],
  ["half an xls", "a.xls", "CORRUPT_FILE", () => half(fixture("counts.xls"))],
  ["half a ppt", "a.ppt", "CORRUPT_FILE", () => half(fixture("slides.ppt"))],
  [
    "a docx without its relationships",
    "a.docx",
    "CORRUPT_FILE",
    () =>
      makeZip([
        {
          name: "[Content_Types].xml",
          content:
            '<Types><Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        },
      ]),
  ],
  [
    "a docx that disguises its types",
    "a.docx",
    "CORRUPT_FILE",
    () => makeDocx({ mainType: WORD_MACROS.replace("macro", "&#109;acro") }),
  ],
  [
    "a zip bomb",
    "a.zip",
    "CORRUPT_FILE",
    () => makeZip([{ name: "zeros", content: Buffer.alloc(64 * 1024 * 1024) }]),
  ],
  [
    "a zip bomb in a docx",
    "a.docx",
    "CORRUPT_FILE",
    () => makeDocx({ more: [{ name: "word/media/zeros", content: Buffer.alloc(64 * 1024 * 1024) }] }),
  ],
  [
    "an archive that claims 4 GB",
    "a.zip",
    "CORRUPT_FILE",
    () => makeZip(twoEntries, { patchRecord: (record) => record.writeUInt32LE(2 ** 31, 24) }),
  ],
  [
    "an archive with too many entries",
    "a.zip",
    "CORRUPT_FILE",
    () =>
      makeZip(
        Array.from({ length: 10_001 }, (_, index) => ({ name: `${index}`, content: "", stored: true })),
      ),
  ],
  [
    "an archive whose entries share bytes",
    "a.zip",
    "CORRUPT_FILE",
    () => {
      const inner = { name: "b.txt", content: longText };
      const outer = { name: "a.txt", content: makeZip([inner]), stored: true };
      return makeZip([outer, inner], {
        patchRecord: (record, index) => index === 1 && record.writeUInt32LE(30 + outer.name.length, 42),
      });
    },
  ],
  [
    "an archive with an entry where there is none",
    "a.zip",
    "CORRUPT_FILE",
    () =>
      makeZip(twoEntries, { patchRecord: (record, index) => index === 1 && record.writeUInt32LE(77, 42) }),
  ],
  [
    "an archive that lies about a size",
    "a.zip",
    "CORRUPT_FILE",
    () => makeZip(twoEntries, { patchRecord: (record) => record.writeUInt32LE(5, 24) }),
  ],
  ["an archive with one name twice", "a.zip", "CORRUPT_FILE", () => makeZip([...twoEntries, ...twoEntries])],
  [
    "an archive that climbs out",
    "a.zip",
    "CORRUPT_FILE",
    () => makeZip([{ name: "../../etc/passwd", content: "x" }]),
  ],
  [
    "a compound file without its last sectors",
    "a.doc",
    "CORRUPT_FILE",
    () => {
      const bytes = makeCompoundFile([{ name: "WordDocument", content: body }]);
      const record = (bytes.readUInt32LE(48) + 1) * 512 + 128;
      bytes.writeUInt32LE(60_000, record + 120);
      return bytes;
    },
  ],
  [
    "a compound file whose stream leaves it",
    "a.doc",
    "CORRUPT_FILE",
    () => {
      const bytes = makeCompoundFile([{ name: "WordDocument", content: body }]);
      const fatAt = (bytes.readUInt32LE(76) + 1) * 512;
      bytes.writeUInt32LE(5_000, fatAt + 4 * 4);
      return bytes;
    },
  ],
  [
    "a compound file that runs in a circle",
    "a.doc",
    "CORRUPT_FILE",
    () => {
      const bytes = makeCompoundFile([{ name: "WordDocument", content: body }]);
      const directory = bytes.readUInt32LE(48);
      const fatAt = (bytes.readUInt32LE(76) + 1) * 512;
      bytes.writeUInt32LE(directory, fatAt + directory * 4);
      return bytes;
    },
  ],
];

describe("identify", () => {
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp[Symbol.asyncDispose]();
  });

  it.each(TAKEN)("takes %s: %s", async (type, fileName, make) => {
    const identified = await identifyBytes(await make(), fileName);
    expect(identified.type).toBe(FILE_TYPES[type]);
    expect(identified.fileName).toBe(fileName);
  });

  it("has a case for each type that tickets take", () => {
    const cases = [...TAKEN.map(([type]) => type), ...DESK_FILES.map(({ type }) => type)];
    for (const type of ATTACHMENTS.types) expect(cases).toContain(type);
  });

  // By all that judges an upload: whether the rows of a JPEG are all there, its decoder tells.
  it.each(REFUSED)("refuses %s (%s) with %s", async (_what, fileName, code, make) => {
    await expect(takeIn(await make(), fileName, ATTACHMENTS)).rejects.toMatchObject({ code });
  });

  it("never says of what it refuses that it is of an allowed kind", async () => {
    const kinds = ATTACHMENTS.types.flatMap((type) => [
      type,
      FILE_TYPES[type].mimeType,
      FILE_TYPES[type].title,
    ]);
    for (const [, fileName, , make] of REFUSED.filter(([, , code]) => code === "UNSUPPORTED_FILE_TYPE")) {
      const error: Error = await takeIn(await make(), fileName, ATTACHMENTS).catch((failure) => failure);
      const [, what] = /it is (.*?)\. Allowed here/.exec(error.message) ?? [];
      expect(what).toBeDefined();
      expect(kinds).not.toContain(what?.replace(/^(a file of the type|of the kind) /, ""));
    }
  });

  it("says what is allowed when it refuses a type", async () => {
    await expect(identifyBytes(ELF, "tool")).rejects.toMatchObject({
      status: 415,
      details: { allowed: ATTACHMENTS.types },
      message: expect.stringContaining("an executable program"),
    });
  });

  it("says what to do when the extension does not fit", async () => {
    await expect(identifyBytes(await makePng(), "a.pdf")).rejects.toMatchObject({
      status: 415,
      details: { extension: "pdf", allowed: ["png"] },
      message: expect.stringContaining("Rename it to .png"),
    });
  });

  it("gives a name without an extension the one that fits", async () => {
    expect((await identifyBytes(await makePng(), "blob")).fileName).toBe("blob.png");
    expect((await identifyBytes("hello", "")).fileName).toBe("upload.txt");
  });

  it.each<[string, string, () => Buffer | string | Promise<Buffer>]>([
    ["Invoice No.5", "Invoice No.5.pdf", () => fixture("notes.pdf")],
    ["Report v1.2", "Report v1.2.docx", () => fixture("notes.docx")],
    ["Report v1.2", "Report v1.2.doc", () => fixture("notes.doc")],
    ["12.30.45", "12.30.45.txt", () => "The lamp flickers.\n"],
    ["app.log.1", "app.log.1.txt", () => "The lamp flickers.\n"],
    ["AW: Lamp No.5", "AW: Lamp No.5.eml", () => "From: a\nSubject: b\n\nc\n"],
    ["IMG_4711.HEIC", "IMG_4711.jpg", () => makeJpeg()],
    ["screen.png", "screen.jpg", () => makeJpeg()],
    ["screen.jpg", "screen.png", () => makePng()],
    ["a.jfif", "a.jpg", () => makeJpeg()],
    ["a.mpo", "a.jpg", () => makeJpeg()],
    ["phone.mov", "phone.mp4", () => fixture("clip.mp4")],
    ["letter.doc", "letter.docx", () => fixture("notes.docx")],
  ])("takes %s for a name, and calls the file %s", async (given, shown, make) => {
    expect((await takeIn(await make(), given, ATTACHMENTS)).fileName).toBe(shown);
  });

  it.each(["build.js", "run.bat", "page.html", "shell.ps1"])(
    "takes no text that calls itself a program: %s",
    async (name) => {
      await expect(takeIn("one two\n", name, ATTACHMENTS)).rejects.toMatchObject({
        code: "UNSUPPORTED_FILE_TYPE",
        message: expect.stringContaining(name.slice(name.indexOf("."))),
      });
    },
  );

  it("takes a presentation that says it has no macros", async () => {
    const slides = makeCompoundFile([{ name: "PowerPoint Document", content: vbaInfo(0) }]);
    expect((await identifyBytes(slides, "a.ppt")).type.name).toBe("ppt");
  });

  it("knows SVG, BMP and the video types where a bucket takes them", async () => {
    const withSvg = { ...rules.PUBLIC_PAGES, types: ["svg"] as const };
    expect((await identifyBytes(SVG, "a.svg", withSvg)).type.name).toBe("svg");
    expect((await identifyBytes(makeBmp(), "a.bmp", rules.CHAT)).type.name).toBe("bmp");
    expect((await identifyBytes(fixture("clip.mp4"), "a.mp4", rules.VIDEOS)).type.name).toBe("mp4");
  });
});
