import { MIB } from "../../../../kernel/bytes.js";
import type { FileTypeName } from "../../file-types.js";
import { corruptFile } from "../../media.errors.js";
import { eachElement } from "./package-xml.js";
import type { Recognition } from "./recognition.js";
import type { ZipDirectory } from "./zip-directory.js";

/** The list of 10,000 parts, the most that a ZIP archive may have here, takes 1.4 MB. */
const LIST_BYTES = 2 * MIB;
const OPENXML = "application/vnd.openxmlformats-officedocument.";

/** The content type of a document's main part (ECMA-376 part 1, §11.3.10, §12.3.23, §13.3.6; [MS-XLSB] §2.1.7.62). */
const MAIN_PARTS: ReadonlyMap<string, FileTypeName> = new Map([
  [`${OPENXML}wordprocessingml.document.main+xml`, "docx"],
  [`${OPENXML}spreadsheetml.sheet.main+xml`, "xlsx"],
  [`${OPENXML}presentationml.presentation.main+xml`, "pptx"],
  // The name states that it may have macros; it may have none.
  ["application/vnd.ms-excel.sheet.binary.macroenabled.main", "xlsb"],
]);

/** VBA projects, macro-enabled main parts, and Excel 4 macro sheets: by content type, relationship or path. */
const MACRO_TYPE = /macroenabled|vbaproject|macrosheet/i;
const MACRO_PART = /(^|\/)vbaproject\.bin$|^xl\/macrosheets\//i;

const macros: Recognition = { refused: "an Office document with macros" };
const doNotFit = () => corruptFile("the Office document's parts do not fit together");

/**
 * Identifies Office documents as their readers do: the relationships of the package name the main part, and its content
 * type determines the kind (ECMA-376 part 2, §7.2.3, §8.5). Only parts that exist count: a declared macro that is
 * missing is no macro.
 *
 * @throws CORRUPT_FILE
 */
export async function recognizePackage(zip: ZipDirectory, contentTypes: string): Promise<Recognition> {
  const typeOf = await readContentTypes(await zip.content(contentTypes, LIST_BYTES));
  const main = await mainPartOf(zip);
  if (zip.names.some((name) => MACRO_PART.test(partName(name)))) return macros;
  if (zip.names.some((name) => typeOf(name)?.hasMacros && !isBinaryWorkbook(name, main, typeOf)))
    return macros;
  const { hasMacros } = await relationsOf(zip, main);
  if (hasMacros) return macros;
  const type = typeOf(main)?.document;
  return type === undefined ? { refused: "a package of an unknown kind" } : { type };
}

const isBinaryWorkbook = (name: string, main: string, typeOf: TypeOf): boolean =>
  partName(name) === partName(main) && typeOf(name)?.document === "xlsb";

/** What a content type means. The text itself is not kept: thousands of parts may share a long one. */
interface ContentType {
  readonly hasMacros: boolean;
  /** The kind of document whose main part has this type. */
  readonly document: FileTypeName | undefined;
}

/** The content type of a part; undefined if it has none. */
type TypeOf = (name: string) => ContentType | undefined;

/** Overrides by name come before defaults by extension; both regardless of case. */
async function readContentTypes(xml: Buffer): Promise<TypeOf> {
  const overrides = new Map<string, ContentType>();
  const defaults = new Map<string, ContentType>();
  let root: string | null = null;
  await eachElement(xml, ({ name, attributes }) => {
    root ??= name;
    if (name !== "Override" && name !== "Default") return;
    const found = attributes();
    const type = contentType((found.get("ContentType") ?? "").trim().toLowerCase());
    if (name === "Override") overrides.set(partName(found.get("PartName") ?? ""), type);
    else defaults.set(partName(found.get("Extension") ?? ""), type);
  });
  if (root !== "Types") throw corruptFile("the Office document's list of content types is broken");
  return (name) => {
    const part = partName(name);
    return overrides.get(part) ?? defaults.get(part.slice(part.lastIndexOf(".") + 1));
  };
}

const contentType = (words: string): ContentType => ({
  hasMacros: MACRO_TYPE.test(words),
  document: MAIN_PARTS.get(words),
});

/**
 * Normalizes the name of a part for comparison: in lower case, without a leading slash, and without the suffix of an
 * interleaved piece.
 */
const partName = (name: string): string =>
  name
    .replace(/^\//, "")
    .replace(/\/\[\d+\](\.last)?\.piece$/i, "")
    .toLowerCase();

async function mainPartOf(zip: ZipDirectory): Promise<string> {
  const { mains } = await relationsOf(zip, "");
  const [main] = mains;
  if (main === undefined || mains.length > 1) throw doNotFit();
  const name = zip.names.find((entry) => partName(entry) === partName(main));
  if (name === undefined) throw doNotFit();
  return name;
}

interface Relations {
  /** The targets that it names as its main part. */
  readonly mains: readonly string[];
  readonly hasMacros: boolean;
}

/** The relationships of a part; the package itself is the part without a name. */
async function relationsOf(zip: ZipDirectory, part: string): Promise<Relations> {
  const cut = part.lastIndexOf("/") + 1;
  const list = `${part.slice(0, cut)}_rels/${part.slice(cut)}.rels`.toLowerCase();
  const entries = zip.names.filter((name) => partName(name) === list);
  if (entries.length > 1) throw doNotFit();
  const mains: string[] = [];
  let hasMacros = false;
  if (entries[0] !== undefined)
    await eachElement(await zip.content(entries[0], LIST_BYTES), ({ name, attributes }) => {
      if (name !== "Relationship") return;
      const found = attributes();
      const type = found.get("Type") ?? "";
      hasMacros ||= MACRO_TYPE.test(type);
      if (type.endsWith("/officeDocument")) mains.push((found.get("Target") ?? "").replace(/^\.\//, ""));
    });
  return { mains, hasMacros };
}
