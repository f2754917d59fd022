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
 * Sets an `Upload` at each path that the field `map` names (GraphQL multipart request specification, "File upload").
 * Two forms beyond the specification are accepted: a path that begins with an index although there is one operation
 * (Apollo's Explorer), and the path of a list with one `null` (Apollo iOS).
 *
 * @param announce returns what the `Upload` of a part resolves to
 * @returns the number of paths
 * @throws BAD_USER_INPUT and QUERY_TOO_COMPLEX, and then leaves `operations` unchanged
 */
export function setUploads(
  operations: Operations,
  map: unknown,
  { maxFiles, announce }: { readonly maxFiles: number; announce(part: string): unknown },
): number {
  // All paths are resolved before the first is set, so that no path leads into an Upload.
  const paths = readPaths(operations, parseMap(map, maxFiles));
  for (const { part, parent, key } of paths) {
    const upload = new Upload();
    // The type is that of the library's own parser; only the announced file is used here.
    upload.resolve(announce(part) as FileUpload);
    parent[key] = upload;
  }
  return paths.length;
}

/** A text of a client, shortened for a message. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

interface NamedPath {
  readonly part: string;
  readonly path: string;
}

interface JsonPath {
  readonly part: string;
  readonly parent: Operations;
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
    const { normalized, parent, key } = parsePath(operations, path);
    if (taken.has(normalized)) throw badUserInput(`The field \`map\` names the path ${quoted(path)} twice.`);
    taken.add(normalized);
    return { part, parent, key };
  });
}

const LEADING_INDEX = /^\d+\.(?=variables\.)/;

function parsePath(
  operations: Operations,
  path: string,
): Omit<JsonPath, "part"> & { readonly normalized: string } {
  const segments = path.replace(LEADING_INDEX, "").split(".", MAX_SEGMENTS + 1);
  const wellFormed = segments[0] === "variables" && segments.length > 1 && segments.length <= MAX_SEGMENTS;
  if (!wellFormed || segments.some((segment) => FORBIDDEN_SEGMENTS.has(segment)))
    throw badUserInput(
      `The field \`map\` has a path that is not like \`variables.files.0\`: ${quoted(path)}.`,
    );
  if (isListOfOne(segments.reduce<unknown>(ownValue, operations))) segments.push("0");
  const normalized = segments.join(".");
  const key = segments.pop() ?? "";
  const parent = segments.reduce<unknown>(ownValue, operations);
  if (!isRecord(parent) || ownValue(parent, key) !== null)
    throw badUserInput(
      `The field \`map\` names ${quoted(path)}, but there is no \`null\` in \`operations\` there.`,
    );
  return { normalized, parent, key };
}

const isListOfOne = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 1 && value[0] === null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const ownValue = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;

function parseJson(field: string, text: unknown): unknown {
  // For a part in an unknown character set, the parser returns no text.
  if (typeof text !== "string") throw badUserInput(`The field \`${field}\` must be text in UTF-8.`);
  limitJson(text, `The field \`${field}\``);
  try {
    return JSON.parse(text);
  } catch {
    throw badUserInput(`The field \`${field}\` is not valid JSON.`);
  }
}
