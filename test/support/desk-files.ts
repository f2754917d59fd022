import type { FileTypeName } from "../../src/modules/media/file-types.js";
import { makeCompoundFile } from "./make-compound-file.js";
import { makeDocx, makeGif, makeJpeg, makeOffice, makePdf } from "./make-files.js";

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

export const DESK_FILES: readonly DeskFile[] = [...PDFS, ...IMAGES, ...OFFICE];
