import { KIB, MIB } from "../../../../kernel/bytes.js";
import type { FileTypeName } from "../../file-types.js";
import type { Recognition } from "./recognition.js";
import type { ZipDirectory } from "./zip-directory.js";

const PREFIX = "application/vnd.oasis.opendocument.";
const TYPES: ReadonlyMap<string, FileTypeName> = new Map([
  [`${PREFIX}text`, "odt"],
  [`${PREFIX}spreadsheet`, "ods"],
  [`${PREFIX}presentation`, "odp"],
]);
const MANIFEST = "META-INF/manifest.xml";

/** Basic modules, and scripts of other languages. Lists of empty libraries are none. */
const MACRO_PART = /^basic\/(?!(?:[^/]+\/)?script-l[bc]\.xml$).*[^/]$|^scripts\/.*[^/]$/i;

/** Identifies OpenDocument files by the type that they declare (OpenDocument 1.3 part 2, §3.3). */
export async function recognizeOpenDocument(zip: ZipDirectory): Promise<Recognition> {
  const named = (await zip.content("mimetype", KIB)).toString("latin1").trim();
  const type = TYPES.get(named);
  if (type === undefined) return { refused: "an OpenDocument or EPUB document of another kind" };
  if (zip.names.some((name) => MACRO_PART.test(name))) return { refused: "an Office document with macros" };
  const isEncrypted =
    zip.names.includes(MANIFEST) && (await zip.content(MANIFEST, MIB)).includes("encryption-data");
  return isEncrypted ? { refused: "an encrypted document, whose content cannot be checked" } : { type };
}
