import { MIB } from "../../../kernel/bytes.js";
import type { FileTypeName } from "../file-types.js";
import { corruptFile } from "../media.errors.js";
import type { FileBytes } from "./file-bytes.js";
import type { Recognition } from "./recognition.js";
import type { ZipDirectory } from "./zip-directory.js";
import { withZipDirectory } from "./zip-directory.js";

const CONTENT_TYPES_BYTES = MIB;
const OPENXML = "application/vnd.openxmlformats-officedocument.";

/** The content type of a document's main part (ECMA-376 part 1, §11.3.10, §12.3.23, §13.3.6). */
const MAIN_PARTS: ReadonlyMap<string, FileTypeName> = new Map([
  [`${OPENXML}wordprocessingml.document.main+xml`, "docx"],
  [`${OPENXML}spreadsheetml.sheet.main+xml`, "xlsx"],
  [`${OPENXML}presentationml.presentation.main+xml`, "pptx"],
]);

/** VBA projects, macro-enabled main parts, and Excel 4 macro sheets. */
const MACRO_TYPE = /macroenabled|vbaproject|macrosheet/i;
const MACRO_PART = /(^|\/)vbaproject\.bin$|^xl\/macrosheets\//i;

/** Archives that are programs or documents of other kinds, by what they hold. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^META-INF\/MANIFEST\.MF$/i, "a Java program"],
  [/^AndroidManifest\.xml$/i, "an Android program"],
  [/^mimetype$/, "an OpenDocument or EPUB document"],
];

/** An archive begins with an entry, or with its end when it has none. */
export const isZip = (head: Buffer): boolean =>
  ["PK\x03\x04", "PK\x05\x06"].includes(head.toString("latin1", 0, 4));

/**
 * Tells Office documents from archives by what is inside the container.
 *
 * @throws CORRUPT_FILE for a container that is broken or a bomb
 */
export const recognizeContainer = (bytes: FileBytes): Promise<Recognition> =>
  withZipDirectory(bytes, recognize);

async function recognize(zip: ZipDirectory): Promise<Recognition> {
  if (zip.encrypted) return { refused: "an encrypted archive, whose content cannot be checked" };
  const contentTypes = zip.names.filter((name) => name.toLowerCase() === "[content_types].xml");
  if (contentTypes.length > 1) throw corruptFile("the document has two lists of content types");
  if (contentTypes[0] !== undefined)
    return recognizeOffice(zip, readContentTypes(await zip.content(contentTypes[0], CONTENT_TYPES_BYTES)));
  const other = OTHER_KINDS.find(([pattern]) => zip.names.some((name) => pattern.test(name)));
  return other ? { refused: other[1] } : { type: "zip" };
}

function recognizeOffice(zip: ZipDirectory, contentTypes: readonly string[]): Recognition {
  if (contentTypes.some((type) => MACRO_TYPE.test(type)) || zip.names.some((name) => MACRO_PART.test(name)))
    return { refused: "an Office document with macros" };
  const mainParts = contentTypes.flatMap((type) => MAIN_PARTS.get(type.toLowerCase()) ?? []);
  const [type] = mainParts;
  if (type === undefined) return { refused: "a package of an unknown kind" };
  if (mainParts.length > 1 || !zip.names.includes("_rels/.rels"))
    throw corruptFile("the Office document's parts do not fit together");
  return { type };
}

/**
 * The content types that a package declares (ECMA-376 part 2, §7.2.3).
 *
 * @throws CORRUPT_FILE for XML that could say one thing to us and another to a real parser
 */
function readContentTypes(xml: Buffer): readonly string[] {
  const utf16 = xml.length >= 2 && xml.readUInt16LE(0) === 0xfeff;
  const text = utf16 ? xml.toString("utf16le") : xml.toString("utf8");
  if (!/<(\w+:)?Types[\s>]/.test(text) || /<!|&/.test(text))
    throw corruptFile("the Office document's list of content types is broken");
  return [...text.matchAll(/\bContentType\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((match) =>
    (match[1] ?? match[2] ?? "").trim(),
  );
}
