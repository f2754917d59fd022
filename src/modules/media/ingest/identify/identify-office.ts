import type { FileTypeName } from "../../file-types.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { windows } from "../receive/file-bytes.js";
import type { CompoundFile } from "./compound-file.js";
import { readCompoundFile } from "./compound-file.js";
import type { Recognition } from "./recognition.js";

/**
 * The stream with the body of a document, by which Word, Excel (5 and 97), PowerPoint and Outlook recognise their own
 * files.
 */
const MAIN_STREAMS: ReadonlyMap<string, FileTypeName> = new Map([
  ["worddocument", "doc"],
  ["workbook", "xls"],
  ["book", "xls"],
  ["powerpoint document", "ppt"],
  // The properties of an Outlook message ([MS-OXMSG] §2.4).
  ["__properties_version1.0", "msg"],
]);

/** Storages of VBA projects ([MS-OVBA] §2.2.1), at any depth, so that embedded documents are included. */
const MACRO_NAMES: ReadonlySet<string> = new Set(["macros", "_vba_project_cur", "vba", "_vba_project"]);

/** PowerPoint stores its project in the body: VBAInfoContainer with VBAInfoAtom ([MS-PPT] §2.4.10–11). */
const VBA_INFO = Buffer.from("1f00ff0314000000" + "020000040c000000", "hex");
const HAS_MACROS_AT = VBA_INFO.length + 4;

/**
 * Identifies legacy Word, Excel and PowerPoint documents by the directory of their container.
 *
 * @throws CORRUPT_FILE if the container is broken or truncated
 */
export async function recognizeLegacyOffice(bytes: FileBytes): Promise<Recognition> {
  const file = await readCompoundFile(bytes);
  if (file.rootEntries.some(({ name }) => name === "encryptedpackage"))
    return { refused: "an encrypted document, whose content cannot be checked" };
  const type = typeOf(file);
  if (type === null) return { refused: "a compound file of an unknown kind" };
  const macros =
    file.entries.some(({ name }) => MACRO_NAMES.has(name)) ||
    (type === "ppt" && (await presentsMacros(bytes)));
  return macros ? { refused: "an Office document with macros" } : { type };
}

function typeOf(file: CompoundFile): FileTypeName | null {
  const bodies = file.rootEntries.filter(({ name, kind }) => kind === "stream" && MAIN_STREAMS.has(name));
  const types = new Set(bodies.map(({ name }) => MAIN_STREAMS.get(name)));
  if (types.size > 1) throw corruptFile("it is two kinds of document at once");
  return [...types][0] ?? null;
}

async function presentsMacros(bytes: FileBytes): Promise<boolean> {
  for await (const window of windows(bytes, 0, HAS_MACROS_AT + 4))
    for (let at = window.indexOf(VBA_INFO); at !== -1; at = window.indexOf(VBA_INFO, at + 1))
      if (at + HAS_MACROS_AT < window.length && window[at + HAS_MACROS_AT] !== 0) return true;
  return false;
}
