import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { KIB, MIB } from "../../../kernel/bytes.js";
import { isErrno } from "../../../kernel/errno.js";
import { badUserInput } from "../../../kernel/errors.js";
import { ENTRY_FIELDS, FIELD_ALIASES, NEEDED_FIELDS } from "./import-entry.js";
import { badEntry } from "./media-import.errors.js";
import { readLines } from "./read-lines.js";

export type ManifestFormat = "csv" | "jsonl";

/** A line of a manifest: its fields, or what is wrong with this line. */
export interface ManifestLine {
  /** Counted from 1; for an entry of several lines, the last one. */
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>> | Error;
}

const MAX_RECORD_BYTES = MIB;

/** @throws BAD_USER_INPUT if the name does not show the format */
export function formatOf(path: string): ManifestFormat {
  const extension = extname(path).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".jsonl" || extension === ".ndjson") return "jsonl";
  throw badUserInput(`${path} is neither .csv nor .jsonl: say which with --format csv or --format jsonl.`);
}

/**
 * Reads a manifest line by line.
 *
 * @throws BAD_USER_INPUT if it cannot be read: no such file, a header without a required column, or unclosed quotes
 */
export async function* readManifest(path: string, format: ManifestFormat): AsyncGenerator<ManifestLine> {
  try {
    yield* format === "csv" ? readCsv(path) : readJsonLines(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "EISDIR", "EACCES", "ENOTDIR"))
      throw badUserInput(`The manifest ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    throw error;
  }
}

/** The number of entries. @throws as `readManifest` */
export async function countEntries(path: string, format: ManifestFormat): Promise<number> {
  let count = 0;
  for await (const _ of readManifest(path, format)) count += 1;
  return count;
}

async function* readJsonLines(path: string): AsyncGenerator<ManifestLine> {
  for await (const { line, text } of readLines(createReadStream(path), MAX_RECORD_BYTES)) {
    if (text === null) yield { line, fields: badEntry("This line is longer than 1 MiB.") };
    else if (text.trim() !== "") yield { line, fields: parseObject(text) };
  }
}

function parseObject(text: string): ManifestLine["fields"] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    return badEntry("This line is JSON, but no object.");
  } catch (error) {
    return badEntry(`This line is not JSON: ${(error as Error).message}.`);
  }
}

interface CsvRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function* readCsv(path: string): AsyncGenerator<ManifestLine> {
  const { parse } = await import("csv-parse");
  const delimiter = await delimiterOf(path);
  const file = createReadStream(path);
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  file.on("error", (error) => parser.destroy(error));
  file.pipe(parser);
  let header: readonly string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
      if (header) yield { line: info.lines, fields: fieldsOf(header, record) };
      else header = headerOf(record, path);
    }
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith("CSV_"))
      throw badUserInput(`The manifest ${path} is not good CSV: ${(error as Error).message}.`);
    throw error;
  } finally {
    file.destroy();
    parser.destroy();
  }
  if (!header) throw badUserInput(`The manifest ${path} is empty; its first line names the columns.`);
}

const DELIMITERS = [",", ";", "\t"] as const;

/**
 * The delimiter that the header line has most of. Spreadsheets write semicolons where the comma separates decimals, and
 * tabs as "text".
 */
async function delimiterOf(path: string): Promise<(typeof DELIMITERS)[number]> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * KIB), 0, 64 * KIB, 0);
    const start = buffer.toString("utf8", 0, bytesRead).replace(/^\uFEFF/, "");
    const [header = ""] = start.split(/[\r\n]+/).filter((line) => line !== "");
    const names = header.replace(/"[^"]*"/g, "");
    const count = (delimiter: string) => names.split(delimiter).length;
    return DELIMITERS.reduce((best, other) => (count(other) > count(best) ? other : best));
  } finally {
    await file.close();
  }
}

function fieldsOf(header: readonly string[], record: readonly string[]): ManifestLine["fields"] {
  if (record.length !== header.length)
    return badEntry(`This line has ${record.length} columns, the header has ${header.length}.`);
  return Object.fromEntries(header.map((name, index) => [name, record[index]]));
}

/** `resource_type`, `Resource Type` and `resourceType` are the same column. */
function headerOf(record: readonly string[], path: string): string[] {
  const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, "");
  const names = [...ENTRY_FIELDS.map((name) => [name, name] as const), ...Object.entries(FIELD_ALIASES)];
  const byPlainName = new Map(names.map(([alias, name]) => [plain(alias), name]));
  const header = record.map((name) => byPlainName.get(plain(name)) ?? name.trim());
  const unknown = header.filter((name) => !ENTRY_FIELDS.includes(name));
  const twice = header.filter((name, index) => header.indexOf(name) !== index);
  const missing = NEEDED_FIELDS.filter((name) => !header.includes(name));
  const problems = [
    ...(missing.length > 0 ? [`it lacks ${missing.join(", ")}`] : []),
    ...(unknown.length > 0 ? [`it has ${unknown.join(", ")}, which mean nothing here`] : []),
    ...(twice.length > 0 ? [`it has ${twice.join(", ")} twice`] : []),
  ];
  if (problems.length > 0)
    throw badUserInput(
      `The header of ${path} is not right: ${problems.join("; ")}. The columns are ${ENTRY_FIELDS.join(", ")}.`,
    );
  return header;
}
