// From the package's root, like the scalar: each of its subpaths has an `Upload` class of its own.
import type { FileUpload } from "graphql-upload-ts";
import { Upload } from "graphql-upload-ts";
import { badUserInput } from "../../../kernel/errors.js";
import { limitJson } from "../json-limits.js";

/** What a GraphQL request sends as its `operations`: `query`, `variables`, `operationName`, … */
export type Operations = Record<string, unknown>;

const MAX_SEGMENTS = 8;
const FORBIDDEN_SEGMENTS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * @throws QUERY_TOO_COMPLEX when the text exceeds `JSON_LIMITS`, BAD_USER_INPUT unless it is a JSON object; batches are
 *   refused
 */
export function parseOperations(text: unknown): Operations {
  const operations = parseJson("operations", text);
  if (Array.isArray(operations))
    throw badUserInput("Batched operations cannot carry files: send one at a time.");
  if (!isRecord(operations)) throw badUserInput("The field `operations` must be a JSON object.");
  return operations;
}

/**
 * Puts an `Upload` at each place that the field `map` names (GraphQL multipart request specification, "File upload").
 * Beside the specification, two forms that clients send are taken: a path that begins with an index, though there is one
 * operation (Apollo's Explorer), and the path of a list that holds one `null` (Apollo iOS).
 *
 * @param announce what the `Upload` at a place of this part resolves to
 * @returns how many places there are
 * @throws BAD_USER_INPUT and QUERY_TOO_COMPLEX, and then leaves `operations` as they were
 */
export function setUploads(
  operations: Operations,
  map: unknown,
  { maxFiles, announce }: { readonly maxFiles: number; announce(part: string): unknown },
): number {
  // All places are found before the first is filled, so that no path leads into an Upload.
  const places = readPaths(operations, parseMap(map, maxFiles));
  for (const { part, holder, key } of places) {
    const upload = new Upload();
    // The type says what the library's own receiver would give; nothing here reads the rest of it.
    upload.resolve(announce(part) as FileUpload);
    holder[key] = upload;
  }
  return places.length;
}

/** What a client wrote, short enough for a message. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

interface NamedPath {
  readonly part: string;
  readonly path: string;
}

interface JsonPath {
  readonly part: string;
  readonly holder: Operations;
  readonly key: string;
}

function parseMap(text: unknown, maxFiles: number): NamedPath[] {
  const map = parseJson("map", text);
  if (!isRecord(map) || Array.isArray(map)) throw badUserInput("The field `map` must be a JSON object.");
  const named = Object.entries(map).flatMap(([part, paths]) => {
    if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string"))
      throw badUserInput(`The field \`map\` must give the part ${quoted(part)} a list of paths.`);
    return paths.map((path) => ({ part, path }));
  });
  if (named.length > maxFiles)
    throw badUserInput(`A request takes at most ${maxFiles} files; this one has ${named.length}.`, {
      limit: maxFiles,
      actual: named.length,
    });
  return named;
}

function readPaths(operations: Operations, named: readonly NamedPath[]): JsonPath[] {
  const taken = new Set<string>();
  return named.map(({ part, path }) => {
    const { place, holder, key } = parsePath(operations, path);
    if (taken.has(place)) throw badUserInput(`The field \`map\` names the path ${quoted(path)} twice.`);
    taken.add(place);
    return { part, holder, key };
  });
}

const LEADING_INDEX = /^\d+\.(?=variables\.)/;

function parsePath(
  operations: Operations,
  path: string,
): Omit<JsonPath, "part"> & { readonly place: string } {
  const segments = path.replace(LEADING_INDEX, "").split(".", MAX_SEGMENTS + 1);
  const wellFormed = segments[0] === "variables" && segments.length > 1 && segments.length <= MAX_SEGMENTS;
  if (!wellFormed || segments.some((segment) => FORBIDDEN_SEGMENTS.has(segment)))
    throw badUserInput(
      `The field \`map\` has a path that is not like \`variables.files.0\`: ${quoted(path)}.`,
    );
  if (isListOfOne(segments.reduce<unknown>(ownValue, operations))) segments.push("0");
  const place = segments.join(".");
  const key = segments.pop() ?? "";
  const holder = segments.reduce<unknown>(ownValue, operations);
  if (!isRecord(holder) || ownValue(holder, key) !== null)
    throw badUserInput(
      `The field \`map\` names ${quoted(path)}, but there is no \`null\` in \`operations\` there.`,
    );
  return { place, holder, key };
}

const isListOfOne = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 1 && value[0] === null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const ownValue = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;

function parseJson(field: string, text: unknown): unknown {
  // The parser gives no text at all for a part in a character set that it does not know.
  if (typeof text !== "string") throw badUserInput(`The field \`${field}\` must be text in UTF-8.`);
  limitJson(text, `The field \`${field}\``);
  try {
    return JSON.parse(text);
  } catch {
    throw badUserInput(`The field \`${field}\` is not valid JSON.`);
  }
}
