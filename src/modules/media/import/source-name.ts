import { isKnownExtension } from "../file-types.js";

/**
 * What a URL calls its file: the last part of its path. An ending that no file type of ours has, such as `.php`, is
 * the program's that answers, not the file's.
 */
export function nameFromUrl(url: URL): string {
  const last = url.pathname.split("/").findLast((part) => part !== "") ?? "";
  const name = decoded(last);
  const [, stem, extension = ""] = /^(.+)\.([^.]+)$/.exec(name) ?? [];
  return stem !== undefined && !isKnownExtension(extension.toLowerCase()) ? stem : name || "file";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
