import { isOwnExtension } from "../ingest/receive/extensions.js";

/**
 * The file name in a URL: the last part of its path. An extension that belongs to no type of `FILE_TYPES`, such as `.php`,
 * is removed, because it belongs to the program that answers. Empty if the path has no last part.
 */
export function nameFromUrl(url: URL): string {
  const last = url.pathname.split("/").findLast((part) => part !== "") ?? "";
  const name = decoded(last);
  const [, stem, extension = ""] = /^(.+)\.([^.]+)$/.exec(name) ?? [];
  return stem !== undefined && !isOwnExtension(extension.toLowerCase()) ? stem : name;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
