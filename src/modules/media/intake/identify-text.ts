import { KIB } from "../../../kernel/bytes.js";
import { isKnownExtension } from "../file-types.js";
import type { FileBytes } from "./file-bytes.js";
import type { Recognition } from "./recognition.js";
import type { TextEncoding } from "./text-encoding.js";
import { isTextThroughout } from "./text-encoding.js";

const BEGINNING_BYTES = 8 * KIB;

/** Texts that are more than text, by how they begin. */
const FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^#!/, "a script"],
  [/^<\?(php|=)|^<%/i, "a script"],
  [/^@echo\s/i, "a script"],
  [/^\{\\rtf/i, "an RTF document"],
  [/^%!PS/, "a PostScript program"],
  [/^<\?xml/i, "an XML document"],
];

/** The tags that make a browser take a file for HTML (WHATWG MIME Sniffing Standard §7.1). */
const HTML =
  /^<(html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s/>]|^<!doctype\s+html/i;
const SVG = /^<(\w+:)?svg[\s/>]/i;

/** Tells TXT from CSV, and both from what only looks like text: scripts, HTML, XML, RTF. */
export async function recognizeText(
  bytes: FileBytes,
  encoding: TextEncoding,
  extension: string | null,
): Promise<Recognition> {
  const beginning = new TextDecoder(encoding).decode(await bytes.read(0, BEGINNING_BYTES)).trimStart();
  const root = skipProlog(beginning);
  const svg = SVG.test(root);
  const refused = svg ? null : whatElse(beginning, root);
  if (refused !== null) return { refused };
  if (!(await isTextThroughout(bytes, encoding)))
    return { refused: "neither UTF-8 or UTF-16 text throughout nor of another known kind" };
  return svg ? { type: "svg" } : plainText(extension);
}

/** Whether a beginning is that of a text which is more than text. */
export function isMarkupOrScript(beginning: Buffer): boolean {
  const text = new TextDecoder().decode(beginning).trimStart();
  return whatElse(text, skipProlog(text)) !== null;
}

function whatElse(beginning: string, root: string): string | null {
  if (HTML.test(root) || beginning.startsWith("<!--")) return "an HTML page";
  return FORMATS.find(([pattern]) => pattern.test(beginning))?.[1] ?? null;
}

function plainText(extension: string | null): Recognition {
  if (extension === "csv") return { type: "csv" };
  if (extension === null || isKnownExtension(extension)) return { type: "txt" };
  return { refused: `text of the kind .${extension}` };
}

/** Skips what may stand before the root element: XML declaration, comments, document type. */
function skipProlog(text: string): string {
  let rest = text;
  for (;;) {
    const end = endOfProlog(rest);
    if (end === 0) return rest;
    rest = rest.slice(end).trimStart();
  }
}

function endOfProlog(text: string): number {
  if (/^<\?xml/i.test(text)) return after(text, "?>");
  if (text.startsWith("<!--")) return after(text, "-->");
  if (/^<!doctype(?!\s+html)/i.test(text)) return after(text, /^[^>[]*\[/.test(text) ? "]>" : ">");
  return 0;
}

const after = (text: string, mark: string) => {
  const at = text.indexOf(mark);
  return at === -1 ? text.length : at + mark.length;
};
