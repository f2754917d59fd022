import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { recognizeOpenDocument } from "./identify-open-document.js";
import { recognizePackage } from "./identify-package.js";
import type { Recognition } from "./recognition.js";
import type { ZipDirectory } from "./zip-directory.js";
import { withZipDirectory } from "./zip-directory.js";

/** Archives that are programs or other documents, by their entries. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^META-INF\/MANIFEST\.MF$/i, "a Java program"],
  [/^AndroidManifest\.xml$/i, "an Android program"],
];

/** An archive begins with an entry, or with its end if it has none. */
export const isZip = (head: Buffer): boolean =>
  ["PK\x03\x04", "PK\x05\x06"].includes(head.toString("latin1", 0, 4));

/**
 * Distinguishes Office documents from archives by the content of the container.
 *
 * @throws CORRUPT_FILE if the container is broken or a zip bomb
 */
export const recognizeContainer = (bytes: FileBytes): Promise<Recognition> =>
  withZipDirectory(bytes, recognize);

async function recognize(zip: ZipDirectory): Promise<Recognition> {
  if (zip.encrypted) return { refused: "an encrypted archive, whose content cannot be checked" };
  const contentTypes = zip.names.filter((name) => name.toLowerCase() === "[content_types].xml");
  if (contentTypes.length > 1) throw corruptFile("the document has two lists of content types");
  if (contentTypes[0] !== undefined) return recognizePackage(zip, contentTypes[0]);
  if (zip.names.includes("mimetype")) return recognizeOpenDocument(zip);
  const other = OTHER_KINDS.find(([pattern]) => zip.names.some((name) => pattern.test(name)));
  return other ? { refused: other[1] } : { type: "zip" };
}
