// From the package's root, like the scalar: each of its subpaths has an `Upload` class of its own.
import { Upload } from "graphql-upload-ts";
import { badUserInput } from "../../kernel/errors.js";

/** What a GraphQL request sends as its `operations`: `query`, `variables`, `operationName`, … */
export type Operations = Record<string, unknown>;

const MAX_DEPTH = 32;
const MAX_SEGMENTS = 8;
const FORBIDDEN_SEGMENTS = new Set(["__proto__", "constructor", "prototype"]);

/** @throws BAD_USER_INPUT unless the text is a JSON object of bounded depth; batches are refused */
export function parseOperations(text: unknown): Operations {
  const operations = parseJson("operations", text);
  if (Array.isArray(operations))
    throw badUserInput("Batched operations cannot carry files: send one at a time.");
  if (!isRecord(operations)) throw badUserInput("The field `operations` must be a JSON object.");
  return operations;
}

/**
 * Puts an `Upload` at each place that the field `map` names, and returns the uploads by the name of their part
 * (GraphQL multipart request specification, "File upload"). Stricter than it: each part has exactly one place.
 *
 * @throws BAD_USER_INPUT, and then leaves `operations` as they were
 */
export function placeUploads(operations: Operations, map: unknown, maxFiles: number): Map<string, Upload> {
  const entries = parseMap(map, maxFiles);
  const uploads = new Map<string, Upload>();
  // All places are found before the first is filled, so that no path leads into an Upload.
  const places = entries.map(([part, path]) => ({ part, ...placeOf(operations, path) }));
  for (const { part, holder, key } of places) {
    const upload = new Upload();
    holder[key] = upload;
    uploads.set(part, upload);
  }
  return uploads;
}

/** What a client wrote, short enough for a message. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function parseMap(text: unknown, maxFiles: number): [part: string, path: string][] {
  const map = parseJson("map", text);
  if (!isRecord(map) || Array.isArray(map)) throw badUserInput("The field `map` must be a JSON object.");
  const entries = Object.entries(map);
  if (entries.length > maxFiles)
    throw badUserInput(`A request takes at most ${maxFiles} files; this one has ${entries.length}.`, {
      limit: maxFiles,
      actual: entries.length,
    });
  const taken = new Set<string>();
  return entries.map(([part, paths]) => {
    const [path, ...others] = Array.isArray(paths) ? (paths as unknown[]) : [];
    if (typeof path !== "string" || others.length > 0)
      throw badUserInput(`The field \`map\` must give the part ${quoted(part)} a list of exactly one path.`);
    if (taken.has(path)) throw badUserInput(`The field \`map\` names the path ${quoted(path)} twice.`);
    taken.add(path);
    return [part, path];
  });
}

function placeOf(operations: Operations, path: string): { holder: Operations; key: string } {
  const segments = path.split(".", MAX_SEGMENTS + 1);
  const wellFormed = segments[0] === "variables" && segments.length > 1 && segments.length <= MAX_SEGMENTS;
  if (!wellFormed || segments.some((segment) => FORBIDDEN_SEGMENTS.has(segment)))
    throw badUserInput(
      `The field \`map\` has a path that is not like \`variables.files.0\`: ${quoted(path)}.`,
    );
  const key = segments.pop() ?? "";
  const holder = segments.reduce<unknown>((value, segment) => ownValue(value, segment), operations);
  if (!isRecord(holder) || ownValue(holder, key) !== null)
    throw badUserInput(
      `The field \`map\` names ${quoted(path)}, but there is no \`null\` in \`operations\` there.`,
    );
  return { holder, key };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const ownValue = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;

function parseJson(field: string, text: unknown): unknown {
  // The parser gives no text at all for a part in a character set that it does not know.
  if (typeof text !== "string") throw badUserInput(`The field \`${field}\` must be text in UTF-8.`);
  if (isDeeperThan(MAX_DEPTH, text))
    throw badUserInput(`The field \`${field}\` is nested deeper than ${MAX_DEPTH} levels.`, {
      limit: MAX_DEPTH,
    });
  try {
    return JSON.parse(text);
  } catch {
    throw badUserInput(`The field \`${field}\` is not valid JSON.`);
  }
}

/**
 * Whether a JSON text nests its brackets deeper than `limit`, found in one pass without parsing it:
 * whatever walks the values afterwards may then recurse.
 */
function isDeeperThan(limit: number, json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === QUOTE) inString = !inString;
    else if (inString) at += character === BACKSLASH ? 1 : 0;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth--;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACE, CLOSE_BRACKET] = [
  0x22, 0x5c, 0x7b, 0x5b, 0x7d, 0x5d,
];
