import { createBreaks } from "../../../../kernel/event-loop-breaks.js";
import { corruptFile } from "../../media.errors.js";

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Parses the attributes, which costs more than finding the element. @throws CORRUPT_FILE */
  attributes(): ReadonlyMap<string, string>;
}

/**
 * The most tags, comments and processing instructions. A package has at most 10,000 parts, each of which its list of
 * content types may name in an element with an end tag; documents with as many links are not known.
 */
const MOST_TAGS = 50_000;
/** The longest tag, in characters: addresses of links have some thousands. */
const LONGEST_TAG = 65_536;
const MOST_ATTRIBUTES = 100;

const TAG = /<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>|<\/[\w:.-]+\s*>/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Iterates over the elements of an XML file inside an Office package, in one pass, without keeping them, and yields to
 * other requests. Comments and processing instructions are skipped, the five predefined entities decoded.
 *
 * @throws CORRUPT_FILE for XML that a complete parser could read differently, or with too many tags
 */
export async function eachElement(xml: Buffer, visit: (element: XmlElement) => void): Promise<void> {
  const text = decode(xml);
  const takeBreak = createBreaks();
  let tags = 0;
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at)) {
    if (++tags > MOST_TAGS)
      throw corruptFile(`a list of the Office document's parts has more than ${MOST_TAGS} tags`);
    await takeBreak();
    const skipped = endOfSkipped(text, at);
    at = skipped ?? at + visitTag(text.slice(at, at + LONGEST_TAG), visit);
  }
}

/** @returns the length of the tag at the beginning of a text */
function visitTag(text: string, visit: (element: XmlElement) => void): number {
  TAG.lastIndex = 0;
  const tag = TAG.exec(text);
  if (tag === null) throw broken();
  const [, name, attributes = ""] = tag;
  if (name !== undefined) visit({ name: localName(name), attributes: () => attributesOf(attributes) });
  return tag[0].length;
}

const broken = () => corruptFile("the Office document's list of its parts is broken");

function decode(xml: Buffer): string {
  const mark = xml.length >= 2 ? xml.readUInt16BE(0) : 0;
  if (mark === 0xfffe) return xml.toString("utf16le");
  if (mark === 0xfeff) return new TextDecoder("utf-16be").decode(xml);
  return xml.toString("utf8");
}

/** The end of a comment or a processing instruction; null for other tags. */
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
  let count = 0;
  for (const [, name = "", double, single] of text.matchAll(ATTRIBUTE)) {
    if (++count > MOST_ATTRIBUTES) throw broken();
    attributes.set(localName(name), withoutEntities(double ?? single ?? ""));
  }
  return attributes;
}

const withoutEntities = (value: string): string =>
  value.replace(/&([^;&]{0,8};)?/g, (_, name: string | undefined) => {
    const character = ENTITIES[name?.slice(0, -1) ?? ""];
    if (character === undefined) throw broken();
    return character;
  });
