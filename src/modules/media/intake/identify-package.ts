import { MIB } from "../../../kernel/bytes.js";
import type { FileTypeName } from "../file-types.js";
import { corruptFile } from "../media.errors.js";
import { readElements } from "./package-xml.js";
import type { Recognition } from "./recognition.js";
import type { ZipDirectory } from "./zip-directory.js";

const LIST_BYTES = MIB;
const OPENXML = "application/vnd.openxmlformats-officedocument.";

/** The content type of a document's main part (ECMA-376 part 1, §11.3.10, §12.3.23, §13.3.6; [MS-XLSB] §2.1.7.62). */
const MAIN_PARTS: ReadonlyMap<string, FileTypeName> = new Map([
  [`${OPENXML}wordprocessingml.document.main+xml`, "docx"],
  [`${OPENXML}spreadsheetml.sheet.main+xml`, "xlsx"],
  [`${OPENXML}presentationml.presentation.main+xml`, "pptx"],
  // Its name says that it may have macros, with and without any.
  ["application/vnd.ms-excel.sheet.binary.macroenabled.main", "xlsb"],
]);

/** VBA projects, macro-enabled main parts, and Excel 4 macro sheets: by content type, by relationship, by place. */
const MACRO_TYPE = /macroenabled|vbaproject|macrosheet/i;
const MACRO_PART = /(^|\/)vbaproject\.bin$|^xl\/macrosheets\//i;

const macros: Recognition = { refused: "an Office document with macros" };
const doNotFit = () => corruptFile("the Office document's parts do not fit together");

/**
 * Tells Office documents apart as their readers do: the package's relationships name the main part, and its content
 * type says what it is (ECMA-376 part 2, §7.2.3, §8.5). Only parts that exist are judged: what is declared and not
 * there is no macro.
 *
 * @throws CORRUPT_FILE
 */
export async function recognizePackage(zip: ZipDirectory, contentTypes: string): Promise<Recognition> {
  const typeOf = readContentTypes(await zip.content(contentTypes, LIST_BYTES));
  const main = await mainPartOf(zip);
  if (zip.names.some((name) => MACRO_PART.test(partName(name)))) return macros;
  if (zip.names.some((name) => MACRO_TYPE.test(typeOf(name) ?? "") && !isBinaryWorkbook(name, main, typeOf)))
    return macros;
  const relations = await relationsOf(zip, main);
  if (relations.some((relation) => MACRO_TYPE.test(relation.type))) return macros;
  const type = MAIN_PARTS.get(typeOf(main) ?? "");
  return type === undefined ? { refused: "a package of an unknown kind" } : { type };
}

const isBinaryWorkbook = (name: string, main: string, typeOf: TypeOf): boolean =>
  partName(name) === partName(main) && MAIN_PARTS.get(typeOf(name) ?? "") === "xlsb";

/** The content type of a part, in lower case; null for a part that has none. */
type TypeOf = (name: string) => string | null;

/** Overrides by name come before defaults by extension; both regardless of case. */
function readContentTypes(xml: Buffer): TypeOf {
  const elements = readElements(xml);
  if (elements[0]?.name !== "Types")
    throw corruptFile("the Office document's list of content types is broken");
  const types = (element: string, key: string) =>
    new Map(
      elements
        .filter(({ name }) => name === element)
        .map(({ attributes }) => [
          partName(attributes.get(key) ?? ""),
          (attributes.get("ContentType") ?? "").trim().toLowerCase(),
        ]),
    );
  const [overrides, defaults] = [types("Override", "PartName"), types("Default", "Extension")];
  return (name) => {
    const part = partName(name);
    return overrides.get(part) ?? defaults.get(part.slice(part.lastIndexOf(".") + 1)) ?? null;
  };
}

/** How parts are compared: in lower case, without a leading slash, and without the piece of it that an entry may be. */
const partName = (name: string): string =>
  name
    .replace(/^\//, "")
    .replace(/\/\[\d+\](\.last)?\.piece$/i, "")
    .toLowerCase();

async function mainPartOf(zip: ZipDirectory): Promise<string> {
  const relations = await relationsOf(zip, "");
  const mains = relations.filter(({ type }) => type.endsWith("/officeDocument"));
  const [main] = mains;
  if (main === undefined || mains.length > 1) throw doNotFit();
  const name = zip.names.find((entry) => partName(entry) === partName(main.target));
  if (name === undefined) throw doNotFit();
  return name;
}

interface Relation {
  readonly type: string;
  readonly target: string;
}

/** What a part points at; the package itself is the part without a name. */
async function relationsOf(zip: ZipDirectory, part: string): Promise<Relation[]> {
  const cut = part.lastIndexOf("/") + 1;
  const list = `${part.slice(0, cut)}_rels/${part.slice(cut)}.rels`.toLowerCase();
  const entries = zip.names.filter((name) => partName(name) === list);
  if (entries.length > 1) throw doNotFit();
  if (entries[0] === undefined) return [];
  return readElements(await zip.content(entries[0], LIST_BYTES))
    .filter(({ name }) => name === "Relationship")
    .map(({ attributes }) => ({
      type: attributes.get("Type") ?? "",
      target: (attributes.get("Target") ?? "").replace(/^\.\//, ""),
    }));
}
