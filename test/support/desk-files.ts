import type { FileTypeName } from "../../src/modules/media/file-types.js";
import { makePdf } from "./make-files.js";

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

export const DESK_FILES: readonly DeskFile[] = [...PDFS];
