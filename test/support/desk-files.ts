import { gzipSync } from "node:zlib";
import sharp from "sharp";
import type { FileTypeName } from "../../src/modules/media/file-types.js";
import { makeCompoundFile } from "./make-compound-file.js";
import { fixture, makeDocx, makeGif, makeJpeg, makeOffice, makePdf } from "./make-files.js";
import { makeZip } from "./make-zip.js";

/** A file as desks get it: written by a phone, a scanner, a reporting tool, or a library. */
export interface DeskFile {
  /** Who writes files like this, or what is odd about it. */
  readonly what: string;
  readonly fileName: string;
  readonly type: FileTypeName;
  readonly make: () => Buffer | string | Promise<Buffer>;
  /** What is learned of it, beside its type. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

const join = (...parts: readonly (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const PDFS: readonly DeskFile[] = [
  ["a PDF behind a line end", () => join("\n", makePdf())],
  ["a PDF behind a byte order mark", () => join("\ufeff", makePdf())],
  ["a PDF behind a printer's commands", () => join("\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n", makePdf())],
  [
    "a PDF behind the header of an HTTP answer",
    () => join("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", makePdf()),
  ],
  ["a PDF with zeros behind it", () => join(makePdf(), Buffer.alloc(600_000))],
  ["a PDF with blank lines behind it", () => join(makePdf(), "\r\n \t".repeat(2_000))],
].map(([what, make]) => ({
  what: what as string,
  fileName: "scan.pdf",
  type: "pdf" as const,
  make: make as () => Buffer,
  facts: { metadata: { pages: 1 } },
}));

const size = { width: 300, height: 203 };
const large = { width: 1600, height: 1203 };

const tiff = (dimensions: { width: number; height: number }): Promise<Buffer> =>
  sharp({ create: { ...dimensions, channels: 3, background: "#888" } })
    .tiff({ compression: "none" })
    .toBuffer();

const IMAGES: readonly DeskFile[] = [
  {
    what: "a GIF without a trailer",
    fileName: "scan.gif",
    type: "gif",
    make: async () => (await makeGif(size)).subarray(0, -1),
    facts: size,
  },
  {
    what: "an animated GIF that breaks off in its second frame",
    fileName: "scan.gif",
    type: "gif",
    make: async () => (await makeGif({ ...size, frames: 2 })).subarray(0, -500),
    facts: size,
  },
  {
    what: "a JPEG without an end mark",
    fileName: "scan.jpg",
    type: "jpeg",
    make: async () => (await makeJpeg(size)).subarray(0, -2),
    facts: size,
  },
  {
    what: "a JPEG with half an end mark",
    fileName: "scan.jpg",
    type: "jpeg",
    make: async () => (await makeJpeg({ ...size, progressive: true })).subarray(0, -1),
    facts: size,
  },
  {
    what: "a large JPEG without an end mark",
    fileName: "scan.jpg",
    type: "jpeg",
    make: async () => (await makeJpeg(large)).subarray(0, -2),
    facts: large,
  },
];

const MAIN = "application/vnd.openxmlformats-officedocument";
const typesOf = (more: string, part = "xl/workbook.xml", type = "spreadsheetml.sheet") =>
  `<?xml version="1.0"?>\n<Types xmlns="x"><Default Extension="xml" ContentType="application/xml"/>` +
  `<Override PartName="/${part}" ContentType="${MAIN}.${type}.main+xml"/>${more}</Types>`;

/** As SheetJS pads the allocation table: with ends of chains. */
function withPaddedTable(file: Buffer): Buffer {
  const table = (file.readUInt32LE(76) + 1) * 512;
  for (let at = table; at < file.length; at += 4)
    if (file.readUInt32LE(at) === 0xffffffff) file.writeUInt32LE(0xfffffffe, at);
  return file;
}

const OFFICE: readonly DeskFile[] = [
  {
    what: "a workbook of SheetJS, which declares a type that no part has",
    fileName: "report.xlsx",
    type: "xlsx",
    make: () =>
      makeOffice("xlsx", {
        contentTypes: typesOf(
          '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>',
        ),
      }),
  },
  {
    what: "a document with another document as a chunk of it",
    fileName: "letter.docx",
    type: "docx",
    make: () =>
      makeDocx({
        contentTypes: typesOf(
          `<Override PartName="/word/chunk.docx" ContentType="${MAIN}.wordprocessingml.document.main+xml"/>`,
          "word/document.xml",
          "wordprocessingml.document",
        ),
        more: [{ name: "word/chunk.docx", content: makeDocx() }],
      }),
  },
  {
    what: "a workbook with comments and entities in its list of types",
    fileName: "report.xlsx",
    type: "xlsx",
    make: () =>
      makeOffice("xlsx", {
        contentTypes: typesOf(
          '<!-- written by a report tool, <Override> and all --><Override PartName="/xl/a&amp;b.xml" ContentType="application/xml"/>',
        ),
      }),
  },
  {
    what: "a legacy workbook whose allocation table is padded",
    fileName: "report.xls",
    type: "xls",
    make: () => withPaddedTable(makeCompoundFile([{ name: "Workbook", content: Buffer.alloc(5_000, 1) }])),
  },
];

const text = (what: string, fileName: string, content: string | Buffer, charset: string): DeskFile => ({
  what,
  fileName,
  type: fileName.endsWith(".csv") ? "csv" : "txt",
  make: () => content,
  facts: { metadata: { charset, isCharsetGuessed: !charset.startsWith("utf-") } },
});
const hex = (digits: string) => Buffer.from(digits.replaceAll(" ", ""), "hex");
const lines = "2026-05-01 12:00:00 INFO started\n".repeat(20_000);
const german = "Zimmer;Gerät;Größe\r\n204;Lampe über Tür;groß\r\n";

const TEXTS: readonly DeskFile[] = [
  text(
    "Windows-1252, as Excel exports it",
    "a.csv",
    join(Buffer.from(german, "latin1"), hex("9620 80 0d0a")),
    "windows-1252",
  ),
  text("a word of Latin-1", "a.csv", Buffer.from("Größe;1\n", "latin1"), "windows-1252"),
  text(
    "a log with one word of Latin-1 far behind",
    "app.log",
    join(lines, Buffer.from("Gerät nicht gefunden\n", "latin1")),
    "windows-1252",
  ),
  text("Shift JIS", "a.csv", hex("9594 89ae 2c 8cc8 8fe1 0d0a 8c9f 8db8"), "shift_jis"),
  text("GBK", "a.txt", hex("b7bfbcd22cb5c6b9cfc9cfcabdbbb5c1cb0d0a3230342cb5c60d0a"), "gbk"),
  text("Windows-1251", "a.txt", hex("cbe0ecefe020ede520f0e0e1eef2e0e5f2"), "windows-1251"),
  text("what terminals write", "a.log", "Loading 10%\b\b\b20%\b\b\b\u0007done.\n", "utf-8"),
  text("stray control bytes", "a.log", `${"start \u0001 stop\n".repeat(2)}${"line\n".repeat(50)}`, "utf-8"),
  text("a tail of NULs", "a.log", join(lines, Buffer.alloc(300_000)), "utf-8"),
  text(
    "UTF-8 cut at both ends",
    "a.log",
    Buffer.from(`ö${"Größe\n".repeat(90_000)}ß`).subarray(1, -1),
    "utf-8",
  ),
  text("UTF-16 cut at its end", "a.log", Buffer.from("\ufeffGröße 🖨", "utf16le").subarray(0, -2), "utf-16le"),
  text(
    "UTF-16 cut in the midst of a unit",
    "a.log",
    Buffer.from("\ufeffGröße", "utf16le").subarray(0, -1),
    "utf-16le",
  ),
  text(
    "letters that a picture begins with",
    "a.txt",
    Buffer.from("BMW: Größe der Türen", "latin1"),
    "windows-1252",
  ),
];

const kind = (fileName: string, type: FileTypeName, make: DeskFile["make"]): DeskFile => ({
  what: `a file of the type ${type}`,
  fileName,
  type,
  make,
});

const KINDS_OF_TEXT: readonly DeskFile[] = [
  kind("a.tsv", "tsv", () => "Room\tLamp\n"),
  kind("a.json", "json", () => '{"lamp":204}\n'),
  kind("a.har", "json", () => '{"log":{}}\n'),
  kind("a.xml", "xml", () => '<?xml version="1.0"?><invoice/>\n'),
  kind("letter.xml", "xml", () => '<?xml version="1.0"?><a href="b"/>\n'),
  kind("b.xml", "xml", () => "<!-- made by us --><invoice/>\n"),
  kind("java.log", "xml", () => '<?xml version="1.0"?><log/>\n'),
  kind("a.md", "md", () => "# Lamp\n\nflickers\n"),
  kind("README.md", "md", () => '<!-- x -->\n<p align="center">Lamp</p>\n'),
  kind("a.yaml", "yaml", () => "lamp: 204\n"),
  kind("a.yml", "yaml", () => "lamp: 204\n"),
  kind("a.ini", "ini", () => "[lamp]\nroom=204\n"),
  kind("a.conf", "ini", () => "room 204;\n"),
  kind("a.sql", "sql", () => "select 1;\n"),
  kind("a.ics", "ics", () => "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
  kind("a.vcf", "vcf", () => "BEGIN:VCARD\r\nEND:VCARD\r\n"),
  kind("a.patch", "diff", () => "--- a\n+++ b\n"),
  kind("a.out", "txt", () => "done\n"),
  kind("a.err", "txt", () => "failed\n"),
];

const MAIL = `Received: from mx.example.test\r\n by desk; Fri, 1 May 2026 12:00:00 +0200\r\nFrom: guest@example.test\r\nSubject: Lamp\r\n\r\nPlease help.\r\n`;

const LETTERS: readonly DeskFile[] = [
  kind("mail.eml", "eml", () => MAIL),
  kind("long.eml", "eml", () => `${MAIL}${"<html>Größe</html>\r\n".repeat(9_000)}`),
  kind("letter.rtf", "rtf", () => "{\\rtf1\\ansi The lamp flickers.\\par}"),
  kind("letter.doc", "rtf", () => "{\\rtf1\\ansi The lamp flickers.\\par}"),
  kind("report.xls", "tsv", () => "Room\tLamp\r\n204\tflickers\r\n"),
  kind("list.xls", "csv", () => "Room;Lamp\r\n204;flickers\r\n"),
  kind("page.xls", "html", () => "<html><table><tr><td>204</td></tr></table></html>"),
  kind("table.xls", "html", () => '<table border="1"><tr><td>204</td></tr></table>'),
  kind("sheet.xls", "xml", () => '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'),
  kind("page.doc", "html", () => "<html><body>Lamp</body></html>"),
  kind("note.doc", "txt", () => "The lamp flickers.\n"),
];

const clip = fixture("clip.mp4");

function branded(brand: string): Buffer {
  const bytes = Buffer.from(clip);
  bytes.write(brand, 8, "latin1");
  return bytes;
}

/** Without its video: the track's box is made one that readers skip. */
function soundOnly(): Buffer {
  const bytes = Buffer.from(clip);
  bytes.write("free", bytes.indexOf("trak"), "latin1");
  return bytes;
}

const VIDEOS: readonly DeskFile[] = [
  { ...kind("clip.mp4", "mp4", () => clip), facts: { durationMs: 1500, width: 96 } },
  { ...kind("itunes.m4v", "mp4", () => branded("M4V ")), facts: { durationMs: 1500 } },
  { ...kind("phone.3gp", "mp4", () => branded("3gp6")), facts: { durationMs: 1500 } },
  { ...kind("phone.mp4", "mp4", () => branded("3gp6")), facts: { durationMs: 1500 } },
  { ...kind("phone.mov", "quicktime", () => branded("qt  ")), facts: { durationMs: 1500 } },
  { ...kind("browser.webm", "webm", () => fixture("clip.webm")), facts: { durationMs: 1500 } },
];

/** A second of silence, 8,000 samples of 8 bits. */
function wav(): Buffer {
  const header = hex(
    "52494646 641f0000 57415645 666d7420 10000000 0100 0100 401f0000 401f0000 0100 0800 64617461 401f0000",
  );
  return join(header, Buffer.alloc(8_000, 128));
}
/** Frames of 26 ms, 128 kbit/s. */
const mp3 = () => Buffer.concat(Array.from({ length: 38 }, () => join(hex("fffb9064"), Buffer.alloc(413))));
/** Frames of 20 ms, 12.2 kbit/s. */
const amr = () =>
  join("#!AMR\n", Buffer.concat(Array.from({ length: 50 }, () => join(hex("3c"), Buffer.alloc(31, 9)))));

/** A page without its checksum, which readers do not ask for. */
function oggPage(kind: number, granule: number, packet: Buffer): Buffer {
  const header = hex("4f676753 00 00 0000000000000000 01000000 00000000 00000000 01 00");
  header.writeUInt8(kind, 5);
  header.writeBigUInt64LE(BigInt(granule), 6);
  header.writeUInt32LE(Math.floor(granule / 960), 18);
  header.writeUInt8(packet.length, 27);
  return Buffer.concat([header, packet]);
}
/** A second at 48 kHz, as messengers record it. */
const ogg = () =>
  join(
    oggPage(2, 0, join("OpusHead", hex("01 01 0000 80bb0000 0000 00"))),
    oggPage(0, 0, join("OpusTags", Buffer.alloc(8))),
    ...Array.from({ length: 50 }, (_, page) => oggPage(page === 49 ? 4 : 0, (page + 1) * 960, hex("f8fffe"))),
  );

const SOUND: readonly DeskFile[] = [
  { ...kind("voice.wav", "wav", wav), facts: { durationMs: 1000, width: null } },
  { ...kind("voice.mp3", "mp3", mp3), facts: { durationMs: 993, metadata: { audioCodec: "mp3" } } },
  { ...kind("whatsapp.ogg", "ogg", ogg), facts: { durationMs: 1000, metadata: { audioCodec: "opus" } } },
  { ...kind("voice.opus", "ogg", ogg), facts: { durationMs: 1000 } },
  { ...kind("voice.amr", "amr", amr), facts: { durationMs: 1000, metadata: { audioCodec: "amr" } } },
  {
    ...kind("song.m4a", "m4a", () => branded("M4A ")),
    facts: { metadata: { audioCodec: "aac" }, width: null },
  },
  { ...kind("voice.m4a", "m4a", soundOnly), facts: { metadata: { audioCodec: "aac" } } },
  { ...kind("voice.mp4", "m4a", soundOnly), facts: { metadata: { audioCodec: "aac" } } },
];

function box(type: string, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, content]);
}
const heicBrand = box("ftyp", Buffer.from("heic\0\0\0\0mif1heic", "latin1"));
/** A photo of 4032 × 3024 with a tile, to be turned. */
const heicMeta = box(
  "meta",
  join(
    hex("00000000"),
    box("ispe", hex("00000000 00000200 00000200")),
    box("ispe", hex("00000000 00000fc0 00000bd0")),
    box("irot", hex("01")),
  ),
);

const openDocument = (type: string) => () =>
  makeZip([
    { name: "mimetype", content: `application/vnd.oasis.opendocument.${type}`, stored: true },
    { name: "content.xml", content: "<office:document-content/>" },
    { name: "META-INF/manifest.xml", content: "<manifest:manifest/>" },
    { name: "Basic/script-lc.xml", content: "<library:libraries/>" },
  ]);

const MORE: readonly DeskFile[] = [
  kind("mail.msg", "msg", () =>
    makeCompoundFile([{ name: "__properties_version1.0", content: Buffer.alloc(5_000, 1) }]),
  ),
  kind("letter.odt", "odt", openDocument("text")),
  kind("table.ods", "ods", openDocument("spreadsheet")),
  kind("slides.odp", "odp", openDocument("presentation")),
  kind("app.log.gz", "gz", () => gzipSync(lines)),
  kind("logs.tar.gz", "gz", () => gzipSync(Buffer.alloc(10_240))),
  { ...kind("scan.tiff", "tiff", () => tiff(size)), facts: { ...size, metadata: { pages: 1 } } },
  { ...kind("large.tif", "tiff", () => tiff(large)), facts: large },
  kind("IMG_1.HEIC", "heic", () => join(heicBrand, box("mdat", Buffer.alloc(0)))),
  { ...kind("IMG_2.heic", "heic", () => join(heicBrand, heicMeta)), facts: { width: 3024, height: 4032 } },
];

export const DESK_FILES: readonly DeskFile[] = [
  ...PDFS,
  ...IMAGES,
  ...OFFICE,
  ...TEXTS,
  ...KINDS_OF_TEXT,
  ...LETTERS,
  ...VIDEOS,
  ...SOUND,
  ...MORE,
];
