import { corruptFile } from "../media.errors.js";

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const TAG = /<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>|<\/[\w:.-]+\s*>/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * The elements of a small XML file inside an Office package, in one pass. Comments and processing instructions are
 * left out, the five predefined entities decoded.
 *
 * @throws CORRUPT_FILE for XML that could say one thing to us and another to a real parser
 */
export function readElements(xml: Buffer): XmlElement[] {
  const text = decode(xml);
  const elements: XmlElement[] = [];
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at)) {
    const skipped = endOfSkipped(text, at);
    if (skipped !== null) {
      at = skipped;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(text);
    if (tag === null) throw broken();
    if (tag[1] !== undefined)
      elements.push({ name: localName(tag[1]), attributes: attributesOf(tag[2] ?? "") });
    at = TAG.lastIndex;
  }
  return elements;
}

const broken = () => corruptFile("the Office document's list of its parts is broken");

function decode(xml: Buffer): string {
  const mark = xml.length >= 2 ? xml.readUInt16BE(0) : 0;
  if (mark === 0xfffe) return xml.toString("utf16le");
  if (mark === 0xfeff) return new TextDecoder("utf-16be").decode(xml);
  return xml.toString("utf8");
}

/** Where a comment or a processing instruction ends; null for what is neither. */
function endOfSkipped(text: string, at: number): number | null {
  const end = text.startsWith("<!--", at) ? "-->" : text.startsWith("<?", at) ? "?>" : null;
  if (end === null) return null;
  const found = text.indexOf(end, at + (end === "-->" ? 4 : 2));
  if (found === -1) throw broken();
  return found + end.length;
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = "", double, single] of text.matchAll(ATTRIBUTE))
    attributes.set(localName(name), withoutEntities(double ?? single ?? ""));
  return attributes;
}

const withoutEntities = (value: string): string =>
  value.replace(/&([^;&]{0,8};)?/g, (_, name: string | undefined) => {
    const character = ENTITIES[name?.slice(0, -1) ?? ""];
    if (character === undefined) throw broken();
    return character;
  });
