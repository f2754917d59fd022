import { KIB } from "../../../../kernel/bytes.js";
import type { FileBytes } from "../receive/file-bytes.js";

const TAIL_BYTES = 2 * KIB;
const DICTIONARY_BYTES = 4 * KIB;
/** An entry of the table, found by the number of its object. */
const ENTRY_BYTES = 20;
/** Every save of a PDF may add a table; only unusual files have many sections. */
const MOST_TABLES = 50;
const MOST_SECTIONS = 50;
const MOST_PAGES = 1_000_000;

/** A cross-reference table (ISO 32000-1 §7.5.4), and its trailer. */
interface Table {
  readonly sections: readonly { readonly first: number; readonly count: number; readonly at: number }[];
  readonly trailer: string;
}

/**
 * The number of pages of a PDF if it is cheap to read: by the cross-reference table, from the catalogue to the root of
 * the pages. Null otherwise, as for files with compressed objects.
 */
export async function countPages(bytes: FileBytes): Promise<number | null> {
  const tables = await readTables(bytes);
  const root = reference(tables[0]?.trailer, "Root");
  const catalogue = root === null ? null : await readObject(bytes, tables, root);
  const pages = reference(catalogue, "Pages");
  const tree = pages === null ? null : await readObject(bytes, tables, pages);
  if (tree === null || !/\/Type\s*\/Pages\b/.test(tree)) return null;
  const [, count] = /\/Count\s+(\d{1,7})(?!\s+\d+\s+R)/.exec(tree) ?? [];
  return count !== undefined && Number(count) > 0 && Number(count) <= MOST_PAGES ? Number(count) : null;
}

/** The newest first. Empty if one of them is of another kind, which makes the others uncertain. */
async function readTables(bytes: FileBytes): Promise<Table[]> {
  const tail = await text(bytes, Math.max(0, bytes.size - TAIL_BYTES), TAIL_BYTES);
  const starts = [...tail.matchAll(/startxref\s+(\d{1,12})/g)];
  let next = starts.at(-1)?.[1];
  const tables: Table[] = [];
  while (next !== undefined) {
    const table = tables.length < MOST_TABLES ? await readTable(bytes, Number(next)) : null;
    if (table === null) return [];
    tables.push(table);
    next = /\/Prev\s+(\d{1,12})/.exec(table.trailer)?.[1];
  }
  return tables;
}

async function readTable(bytes: FileBytes, start: number): Promise<Table | null> {
  const head = /^\s*xref\s+/.exec(await text(bytes, start, 32));
  if (head === null) return null;
  const sections: { first: number; count: number; at: number }[] = [];
  let at = start + head[0].length;
  while (sections.length < MOST_SECTIONS) {
    const section = /^\s*(\d{1,10}) (\d{1,7})\s*?(?:\r\n|\n|\r)/.exec(await text(bytes, at, 32));
    if (section === null) {
      const trailer = await text(bytes, at, DICTIONARY_BYTES);
      // A hybrid file has other objects in a stream as well; those in the table are still valid.
      return /^\s*trailer/.test(trailer) ? { sections, trailer: upTo(trailer, "startxref") } : null;
    }
    at += section[0].length;
    sections.push({ first: Number(section[1]), count: Number(section[2]), at });
    at += Number(section[2]) * ENTRY_BYTES;
  }
  return null;
}

/** The beginning of an object, by the newest table that contains it. */
async function readObject(bytes: FileBytes, tables: readonly Table[], id: number): Promise<string | null> {
  const section = tables
    .flatMap(({ sections }) => sections)
    .find(({ first, count }) => id >= first && id < first + count);
  if (section === undefined) return null;
  const entry = await text(bytes, section.at + (id - section.first) * ENTRY_BYTES, ENTRY_BYTES);
  const [, place] = /^(\d{10}) \d{5} n/.exec(entry) ?? [];
  if (place === undefined) return null;
  const object = await text(bytes, Number(place), DICTIONARY_BYTES);
  const [, found] = /^\s*(\d{1,10})\s+\d{1,5}\s+obj\b/.exec(object) ?? [];
  return Number(found) === id ? upTo(object, "endobj") : null;
}

/** `/Root 12 0 R` */
function reference(dictionary: string | null | undefined, key: string): number | null {
  const [, id] = new RegExp(`/${key}\\s+(\\d{1,10})\\s+\\d{1,5}\\s+R\\b`).exec(dictionary ?? "") ?? [];
  return id === undefined ? null : Number(id);
}

const upTo = (text: string, end: string): string => text.split(end, 1)[0] ?? "";

const text = async (bytes: FileBytes, at: number, length: number): Promise<string> =>
  (await bytes.read(at, length)).toString("latin1");
