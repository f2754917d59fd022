import { hasLength, isPlainLine } from "../../../kernel/text.js";

/** An index entry of Postgres holds it in any script. */
export const MAX_LEGACY_PATH_LENGTH = 600;

/**
 * An old address as it is stored and looked up: a path without the slash at its beginning, decoded, in NFC, and its
 * query if it has one. Scheme, host and fragment do not count.
 *
 * @param address a path such as `/uploads/2019/logo.png`, or a whole URL, percent-encoded or not
 * @returns null if it cannot be one
 */
export function readLegacyPath(address: string): string | null {
  const [target = ""] = address.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split("#");
  const [path = "", ...query] = target.split("?");
  return legacyPathOf(decoded(path), query.join("?"));
}

/**
 * The paths under which the file of a request is stored: with its query, then without.
 *
 * @param path decoded
 * @param query as it was sent
 */
export function legacyPathsOf(path: string, query: string): string[] {
  const candidates = [legacyPathOf(path, query), legacyPathOf(path, "")];
  return [...new Set(candidates.filter((candidate) => candidate !== null))];
}

function legacyPathOf(path: string, query: string): string | null {
  const plain = path.replaceAll("\\", "/").replace(/^\/+/, "");
  const whole = `${plain}${query && `?${decoded(query)}`}`.normalize("NFC");
  // A browser would resolve them before it asks.
  if (plain.split("/").some((part) => part === "." || part === "..")) return null;
  return hasLength(whole, 1, MAX_LEGACY_PATH_LENGTH) && isPlainLine(whole) ? whole : null;
}

/** What is no percent-encoding, such as "100%.png", is meant as it is written. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
