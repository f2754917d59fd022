import { fileTypeFromBuffer } from "file-type";
import type { BucketRules } from "../../buckets.js";
import type { FileType, FileTypeName } from "../../file-types.js";
import { FILE_TYPES } from "../../file-types.js";
import { unsupportedFileType } from "../../media.errors.js";
import { fitsExtension, isOfficeNameOfText, isTextExtension } from "../receive/extensions.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { openFileBytes } from "../receive/file-bytes.js";
import { extensionOf, fittingName } from "../receive/file-name.js";
import type { Received } from "../receive/receive.js";
import { isAmr } from "./amr.js";
import { isCompoundFile } from "./compound-file.js";
import { refuseEmbeddedContent, refuseZipEnding } from "./embedded-content.js";
import { proveSevenZip } from "./identify-7z.js";
import { isZip, recognizeContainer } from "./identify-container.js";
import { proveGzip } from "./identify-gzip.js";
import { isMovie, recognizeMovie } from "./identify-movie.js";
import { recognizeLegacyOffice } from "./identify-office.js";
import { endsAsPdf, pdfHeaderAt, provePdf } from "./identify-pdf.js";
import { isMarkupOrScript, recognizeText } from "./identify-text.js";
import { endOfImage } from "./image-end.js";
import type { Recognition } from "./recognition.js";
import { endOfSound } from "./sound-end.js";
import type { TextCharset } from "./text-encoding.js";
import { charsetOf, isPlainText, mayBeText } from "./text-encoding.js";
import { endOfVideo } from "./video-end.js";

declare const proof: unique symbol;

/** A file whose kind is known by its content, allowed in its bucket, and fits its name. Only `identify` makes one. */
export interface Identified extends Received {
  readonly [proof]: "identified";
  readonly type: FileType;
  /** The charset of a text. */
  readonly text?: TextCharset;
  /** The client's name made harmless, with an extension of the type: its own, such as `.jpeg`, if it has one. */
  readonly fileName: string;
}

/** How many bytes at the beginning identify a type by its magic number. */
const MAGIC_BYTES = 4100;

/** The names that file-type uses for the types that only it identifies. */
const TYPE_BY_MIME: Readonly<Record<string, FileTypeName>> = {
  "image/jpeg": "jpeg",
  "image/png": "png",
  "image/apng": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/bmp": "bmp",
  "image/tiff": "tiff",
  "application/x-7z-compressed": "7z",
  "application/gzip": "gz",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/wav": "wav",
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

/** Types that are read from their end first. */
const ZIP_TYPES: ReadonlySet<FileTypeName> = new Set([
  "zip",
  "docx",
  "xlsx",
  "xlsb",
  "pptx",
  "odt",
  "ods",
  "odp",
]);

/**
 * Identifies a file. The content decides; the name must fit it (`fittingName`); the type that the client states is
 * ignored.
 *
 * @throws UNSUPPORTED_FILE_TYPE for a type that the bucket does not accept, and in every bucket for programs, scripts,
 *   HTML, documents with macros, encrypted containers and unknown types; FILE_TYPE_MISMATCH for an extension of another
 *   type and for two files in one; CORRUPT_FILE for truncated or broken files and zip bombs
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
  const recognition = await detectType(bytes, received.head, extension);
  if ("refused" in recognition) throw unsupportedFileType(recognition.refused, rules);
  const type = FILE_TYPES[recognition.type];
  if (!isAllowed(rules, type, extension)) throw unsupportedFileType(type.title, rules);
  const fileName = fittingName(received.fileName, type);
  await verifyStructure(type, bytes);
  const text = "text" in recognition && type.kind === "TEXT" ? { text: recognition.text } : {};
  return { ...received, ...text, type, fileName } as Identified;
}

/** A text with the name of an Office document is accepted where such documents are. */
const isAllowed = ({ types }: BucketRules, type: FileType, extension: string | null): boolean =>
  types.includes(type.name) ||
  (isOfficeNameOfText(extension) &&
    types.some((name) => name === extension) &&
    fitsExtension(type, extension));

async function detectType(bytes: FileBytes, head: Buffer, extension: string | null): Promise<Recognition> {
  if (pdfHeaderAt(head) === 0) return { type: "pdf" };
  if (isZip(head)) return recognizeContainer(bytes);
  if (isCompoundFile(head)) return recognizeLegacyOffice(bytes);
  if (await isMovie(bytes)) return recognizeMovie(bytes);
  if (await isPdfBehindOtherBytes(bytes, head, extension)) return { type: "pdf" };
  const beginning = head.subarray(0, MAGIC_BYTES);
  if (isAmr(head)) return { type: "amr" };
  if (isRtf(beginning)) return { type: "rtf" };
  const mime = isPlainText(beginning) ? undefined : await mimeOf(beginning);
  if (mime !== undefined && isCertain(beginning)) return ofMime(mime);
  const text = mayBeText(beginning) ? await charsetOf(bytes) : null;
  if (text !== null) return { ...(await recognizeText(bytes, text.charset, extension)), text };
  return mime === undefined ? { refused: "of a kind that cannot be told" } : ofMime(mime);
}

/** A TIFF is identified by its first directory, which may follow the pixels: raw photos begin with it. */
const mimeOf = async (beginning: Buffer): Promise<string | undefined> =>
  (await fileTypeFromBuffer(beginning))?.mime ?? (isTiff(beginning) ? "image/tiff" : undefined);

const isTiff = (beginning: Buffer): boolean =>
  ["II*\0", "MM\0*"].includes(beginning.toString("latin1", 0, 4));

const isRtf = (beginning: Buffer): boolean => /^\s*\{\\rtf/i.test(beginning.toString("latin1", 0, 64));

/** Two letters at the beginning, such as BM, do not identify a binary file whose header lacks its zeros. */
const isCertain = (beginning: Buffer): boolean =>
  !mayBeText(beginning) || beginning.subarray(0, 64).includes(0);

/**
 * Scanners, printer drivers and mail gateways write line ends, marks and headers before a PDF. A file that begins like
 * another type is of that type, and so is a text that contains the letters of a PDF header.
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

function ofMime(mime: string): Recognition {
  const type = TYPE_BY_MIME[mime.split(";", 1)[0] ?? ""];
  if (type !== undefined) return { type };
  return { refused: PROGRAMS.has(mime) ? "an executable program" : `a file of the type ${mime}` };
}

/** Checks beyond the beginning of the file: that it is complete, and a single file. */
async function verifyStructure({ name, kind }: FileType, bytes: FileBytes): Promise<void> {
  if (kind === "TEXT" || name === "eml" || ZIP_TYPES.has(name)) return;
  await refuseZipEnding(bytes);
  if (name === "pdf") await provePdf(bytes);
  if (name === "7z") await proveSevenZip(bytes);
  if (name === "gz") await proveGzip(bytes);
  const end =
    (await endOfImage(name, bytes)) ?? (await endOfVideo(name, bytes)) ?? (await endOfSound(name, bytes));
  if (end !== null) await refuseEmbeddedContent(bytes, end);
}
