import { fileTypeFromBuffer } from "file-type";
import type { BucketRules } from "../buckets.js";
import type { FileType, FileTypeName } from "../file-types.js";
import { FILE_TYPES, isTextExtension } from "../file-types.js";
import { extensionMismatch, unsupportedFileType } from "../media.errors.js";
import { isCompoundFile } from "./compound-file.js";
import type { FileBytes } from "./file-bytes.js";
import { openFileBytes } from "./file-bytes.js";
import { cleanFileName, extensionOf } from "./file-name.js";
import { proveSevenZip } from "./identify-7z.js";
import { isZip, recognizeContainer } from "./identify-container.js";
import { isMovie, recognizeMovie } from "./identify-movie.js";
import { recognizeLegacyOffice } from "./identify-office.js";
import { endsAsPdf, pdfHeaderAt, provePdf } from "./identify-pdf.js";
import { isMarkupOrScript, recognizeText } from "./identify-text.js";
import { endOfImage } from "./image-end.js";
import type { Received } from "./receive.js";
import type { Recognition } from "./recognition.js";
import { refuseStowaways, refuseZipEnding } from "./stowaways.js";
import { textEncoding } from "./text-encoding.js";
import { endOfVideo } from "./video-end.js";

declare const proof: unique symbol;

/** A file whose kind is known by its content, allowed in its bucket, and fits its name. Only `identify` makes one. */
export interface Identified extends Received {
  readonly [proof]: "identified";
  readonly type: FileType;
  /** The client's name made fit to be shown. It keeps its own extension, such as `.jpeg`. */
  readonly fileName: string;
}

/** How many first bytes tell a kind by its magic. */
const MAGIC_BYTES = 4100;

/** What file-type calls the types that it alone tells. */
const TYPE_BY_MIME: Readonly<Record<string, FileTypeName>> = {
  "image/jpeg": "jpeg",
  "image/png": "png",
  "image/apng": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/bmp": "bmp",
  "application/x-7z-compressed": "7z",
  "video/webm": "webm",
  "video/quicktime": "quicktime",
};

const PROGRAMS: ReadonlySet<string> = new Set([
  "application/x-msdownload",
  "application/x-elf",
  "application/x-mach-binary",
  "application/java-vm",
  "application/wasm",
  "application/x.ms.shortcut",
]);

/** What is read from its end in the first place. */
const ZIP_TYPES: ReadonlySet<FileTypeName> = new Set(["zip", "docx", "xlsx", "xlsb", "pptx"]);

/**
 * Tells what a file is. The content decides; the name must fit it; what the client said is not asked.
 * A name without an extension fits every content, and is shown with the right one.
 *
 * @throws UNSUPPORTED_FILE_TYPE for what the bucket does not take, and for programs, scripts, HTML, documents with
 *   macros, encrypted containers and unknown kinds whatever the bucket; FILE_TYPE_MISMATCH for an extension that does
 *   not fit and for two files in one; CORRUPT_FILE for what is truncated, broken or a zip bomb
 */
export async function identify(received: Received, rules: BucketRules): Promise<Identified> {
  const bytes = openFileBytes(received);
  try {
    return await identifyBytes(bytes, received, rules);
  } finally {
    await bytes[Symbol.asyncDispose]();
  }
}

async function identifyBytes(bytes: FileBytes, received: Received, rules: BucketRules): Promise<Identified> {
  const extension = extensionOf(received.fileName);
  const recognition = await recognize(bytes, received.head, extension);
  if ("refused" in recognition) throw unsupportedFileType(recognition.refused, rules);
  const type = FILE_TYPES[recognition.type];
  if (!rules.types.includes(type.name)) throw unsupportedFileType(type.title, rules);
  if (extension !== null && !type.extensions.includes(extension)) throw extensionMismatch(extension, type);
  await prove(type, bytes);
  return { ...received, type, fileName: cleanFileName(received.fileName, type.extension) } as Identified;
}

async function recognize(bytes: FileBytes, head: Buffer, extension: string | null): Promise<Recognition> {
  if (pdfHeaderAt(head) === 0) return { type: "pdf" };
  if (isZip(head)) return recognizeContainer(bytes);
  if (isCompoundFile(head)) return recognizeLegacyOffice(bytes);
  if (await isMovie(bytes)) return recognizeMovie(bytes);
  if (await isPdfBehindOtherBytes(bytes, head, extension)) return { type: "pdf" };
  const beginning = head.subarray(0, MAGIC_BYTES);
  const encoding = textEncoding(beginning);
  if (encoding !== null) return recognizeText(bytes, encoding, extension);
  return recognizeMagic(beginning);
}

/**
 * Scanners, printer drivers and mail gateways write line ends, marks and headers before a PDF. What begins as
 * something else is that, and so is a text in which the letters of a PDF's header occur.
 */
async function isPdfBehindOtherBytes(
  bytes: FileBytes,
  head: Buffer,
  extension: string | null,
): Promise<boolean> {
  const at = pdfHeaderAt(head);
  if (at === null || (extension !== null && isTextExtension(extension))) return false;
  const before = Buffer.from(head.subarray(0, at));
  if (isMarkupOrScript(before) || (await fileTypeFromBuffer(before)) !== undefined) return false;
  return endsAsPdf(bytes);
}

async function recognizeMagic(beginning: Buffer): Promise<Recognition> {
  const mime = (await fileTypeFromBuffer(beginning))?.mime;
  if (mime === undefined) return { refused: "of a kind that cannot be told" };
  const type = TYPE_BY_MIME[mime];
  if (type !== undefined) return { type };
  return { refused: PROGRAMS.has(mime) ? "an executable program" : `of the kind ${mime}` };
}

/** Checks that cost more than a look at the beginning: that the file is whole, and one file alone. */
async function prove({ name, kind }: FileType, bytes: FileBytes): Promise<void> {
  if (kind === "TEXT" || ZIP_TYPES.has(name)) return;
  await refuseZipEnding(bytes);
  if (name === "pdf") await provePdf(bytes);
  if (name === "7z") await proveSevenZip(bytes);
  const end = (await endOfImage(name, bytes)) ?? (await endOfVideo(name, bytes));
  if (end !== null) await refuseStowaways(bytes, end);
}
