import type { ZipEntry } from "../make-zip.js";
import { makeZip } from "../make-zip.js";
import type { HostileFile } from "./hostile-file.js";

const TYPES = "[Content_Types].xml";
const RELATIONS = "_rels/.rels";
const MAIN = "word/document.xml";
const MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const MAIN_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";
const relations = (more = "") =>
  `<Relationships><Relationship Type="${MAIN_RELATION}" Target="${MAIN}"/>${more}</Relationships>`;
const types = (more = "") =>
  `<Types><Override PartName="/${MAIN}" ContentType="${MAIN_TYPE}"/>${more}</Types>`;
/** A megabyte of one piece. */
const filled = (piece: string, before = "", after = "") =>
  `${before}${piece.repeat(Math.floor(1_048_000 / piece.length))}${after}`;

interface Package {
  /** More elements of the list of content types. */
  readonly overrides?: string;
  /** More elements of the package's relationships. */
  readonly links?: string;
  readonly others?: readonly ZipEntry[];
}

/** A document by its list of content types and its relationships. */
export const packageOf = ({ overrides, links, others = [] }: Package): Buffer =>
  makeZip([
    { name: TYPES, content: types(overrides) },
    { name: RELATIONS, content: relations(links) },
    { name: MAIN, content: "<document/>" },
    ...others,
  ]);

const entries = (count: number, ending: string): ZipEntry[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${index}${ending}`, content: "", stored: true }));

/** Archives, and Office documents whose lists cost more than they say. */
export const HOSTILE_PACKAGES: readonly HostileFile[] = [
  {
    what: "lists of a megabyte of empty elements",
    fileName: "a.docx",
    make: () =>
      packageOf({
        overrides: filled("<a/>"),
        links: filled("<a/>"),
        others: [{ name: "word/_rels/document.xml.rels", content: relations(filled("<a/>")) }],
      }),
  },
  {
    what: "a list of end tags",
    fileName: "a.docx",
    make: () => packageOf({ overrides: filled("</a>") }),
  },
  {
    what: "a list of comments",
    fileName: "a.docx",
    make: () => packageOf({ overrides: filled("<!---->") }),
  },
  {
    what: "an element of attributes",
    fileName: "a.docx",
    make: () => packageOf({ overrides: filled(' a=""', "<Override", "/>") }),
  },
  {
    what: "an element of attributes that does not end",
    fileName: "a.docx",
    make: () => packageOf({ overrides: filled(' a=""', "<Override", "!>") }),
  },
  {
    what: "an element of white space",
    fileName: "a.docx",
    make: () => packageOf({ overrides: filled(" ", "<Override", "!>") }),
  },
  {
    what: "a name of entities",
    fileName: "a.docx",
    make: () => packageOf({ overrides: filled("&amp;", '<Override PartName="', '"/>') }),
  },
  {
    what: "a content type of a megabyte for thousands of parts",
    fileName: "a.docx",
    make: () =>
      packageOf({
        overrides: filled("m", '<Default Extension="b" ContentType="', '"/>'),
        others: entries(9_000, ".b"),
      }),
  },
  { what: "entries without content", fileName: "a.zip", make: () => makeZip(entries(9_900, "")) },
  {
    what: "entries with long names",
    fileName: "a.zip",
    make: () => makeZip(entries(15, `/${"a/[1".repeat(8_000)}`)),
  },
  {
    what: "a name of slashes",
    fileName: "a.odt",
    make: () =>
      makeZip([
        { name: "mimetype", content: "application/vnd.oasis.opendocument.text", stored: true },
        ...Array.from({ length: 15 }, (_, index) => ({
          name: `basic/${index}${"a/".repeat(15_000)}/`,
          content: "",
          stored: true,
        })),
      ]),
  },
];
