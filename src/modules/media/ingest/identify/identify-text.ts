import { KIB } from "../../../../kernel/bytes.js";
import type { FileTypeName } from "../../file-types.js";
import {
  isMailExtension,
  isOfficeNameOfText,
  isProgramExtension,
  textTypeOf,
} from "../receive/extensions.js";
import type { FileBytes } from "../receive/file-bytes.js";
import type { Recognition } from "./recognition.js";

const BEGINNING_BYTES = 64 * KIB;

/** Text formats with a type of their own, by how they begin. */
const FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^#!/, "a script"],
  [/^<\?(php|=)|^<%/i, "a script"],
  [/^@echo\s/i, "a script"],
  [/^%!PS/, "a PostScript program"],
];

/** Tags by which browsers detect HTML (WHATWG MIME Sniffing Standard §7.1). */
const HTML =
  /^<(html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s/>]|^<!doctype\s+html/i;
const HTML_PAGE = "an HTML page";
const SVG = /^<(\w+:)?svg[\s/>]/i;

/** XSLT, a style sheet that is a program. */
const XSLT = /^<(\w+:)?(stylesheet|transform)[\s/>]/i;
const XML = /^<\?xml/i;
/** The start tag of a root element; its name tells what an XML document is. */
const ROOT = /^<[^\s<>/!?]+[\s/>]/;
/** Tags with which Markdown may begin without being HTML. */
const WHOLE_PAGE = /^<(html|head|script|iframe|style|title|body)[\s/>]|^<!doctype\s+html/i;

/**
 * Identifies text formats by how they begin and, if they begin alike, by their extension; separates them from scripts
 * and HTML, which only resemble text. A page under the name of an Office document was written by a reporting tool.
 */
export async function recognizeText(
  bytes: FileBytes,
  charset: string,
  extension: string | null,
): Promise<Recognition> {
  const beginning = textOf(await bytes.read(0, BEGINNING_BYTES), charset);
  const root = skipProlog(beginning);
  if (SVG.test(root)) return { type: "svg" };
  if (XSLT.test(root)) return { refused: "a script" };
  const refused = whatElse(beginning, root, extension);
  if (refused === HTML_PAGE && isOfficeNameOfText(extension)) return { type: "html" };
  if (refused !== null) return { refused };
  if (XML.test(beginning)) return xml(root);
  if ((extension === null || isMailExtension(extension)) && isMail(beginning)) return { type: "eml" };
  const text = plainText(extension, beginning);
  const mayBeXml = beginning === "" ? bytes.size > BEGINNING_BYTES : beginning.startsWith("<");
  return "type" in text && text.type === "xml" && mayBeXml ? xml(root) : text;
}

/** What comes before the root may be so long, or written in such a way, that it hides a drawing or a page. */
const xml = (root: string): Recognition =>
  ROOT.test(root)
    ? { type: "xml" }
    : {
        refused: `an XML document whose root element is not found in its first ${BEGINNING_BYTES / KIB} KiB`,
      };

/** Without invisible characters at the beginning. */
const textOf = (bytes: Buffer, charset: string): string =>
  new TextDecoder(charset).decode(bytes).replace(/^[\s\p{Cc}\ufffd]+/u, "");

/** Whether it begins like a text format with a type of its own. */
export function isMarkupOrScript(beginning: Buffer): boolean {
  const text = new TextDecoder().decode(beginning).trimStart();
  return whatElse(text, skipProlog(text)) !== null;
}

function whatElse(beginning: string, root: string, extension: string | null = null): string | null {
  // Elements of declared XML have any name: an invoice may begin with <a>.
  const isOther = extension === "md" || extension === "markdown" || XML.test(beginning);
  const html = isOther ? WHOLE_PAGE : HTML;
  const isComment = beginning.startsWith("<!--") && html === HTML && extension !== "xml";
  if (html.test(root) || isComment) return HTML_PAGE;
  return FORMATS.find(([pattern]) => pattern.test(beginning))?.[1] ?? null;
}

function plainText(extension: string | null, beginning: string): Recognition {
  const type = extension === null ? "txt" : textTypeOf(extension);
  if (type !== null) return { type };
  if (isOfficeNameOfText(extension)) return { type: underOfficeName(extension, beginning) };
  return isProgramExtension(extension)
    ? { refused: `a program, a script or a web page by its name (.${extension})` }
    : { type: "txt" };
}

/** Excel opens it as a table, Word as a text. */
function underOfficeName(extension: string | null, beginning: string): FileTypeName {
  if (extension !== "xls") return "txt";
  return /^[^\n]*\t/.test(beginning) ? "tsv" : "csv";
}

/** Fields of which every message has some (RFC 5322 §3.6). */
const MAIL_FIELDS: ReadonlySet<string> = new Set([
  "from",
  "to",
  "subject",
  "date",
  "received",
  "return-path",
  "message-id",
  "mime-version",
  "delivered-to",
]);

/** Whether a text begins with the header of a message: at least two fields, one of which only messages have. */
function isMail(beginning: string): boolean {
  const [header = ""] = beginning.split(/\r?\n\r?\n/, 1);
  const lines = header.split(/\r?\n/).slice(0, 100);
  if (lines[0]?.startsWith("From ")) lines.shift();
  const names = lines.filter((line) => !/^[ \t]/.test(line)).map((line) => /^([!-9;-~]+):/.exec(line)?.[1]);
  // The last line may be incomplete at the end of the sample.
  const fields = names.slice(0, names.at(-1) === undefined ? -1 : undefined);
  return (
    fields.length >= 2 &&
    fields.every(Boolean) &&
    fields.some((name) => MAIL_FIELDS.has(name?.toLowerCase() ?? ""))
  );
}

/** Skips what may precede the root element: XML declaration, processing instructions, comments, document type. */
function skipProlog(text: string): string {
  let rest = text;
  for (;;) {
    const end = endOfProlog(rest);
    if (end === 0) return rest;
    rest = rest.slice(end).trimStart();
  }
}

function endOfProlog(text: string): number {
  if (text.startsWith("<?")) return after(text, /\?>/);
  if (text.startsWith("<!--")) return after(text, /-->/);
  if (/^<!doctype(?!\s+html)/i.test(text)) return after(text, /^[^>[]*\[/.test(text) ? /\]\s*>/ : />/);
  return 0;
}

const after = (text: string, mark: RegExp) => {
  const found = mark.exec(text);
  return found === null ? text.length : found.index + found[0].length;
};
