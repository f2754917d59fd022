const MAX_BYTES = 255;

/** Control characters, lone surrogates and the marks that make `exe.jpg` out of `gpj.exe`. */
const INVISIBLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/**
 * A client's file name made fit to be shown. It never becomes a path.
 *
 * Unicode NFC, the last part of a path of either kind, no control or bidi override characters, no dots or spaces
 * at its ends, at most 255 bytes of UTF-8, and never empty.
 *
 * @param extension the canonical extension of the content, for a name that has none
 */
export function cleanFileName(name: string, extension: string): string {
  const shown = visible(name);
  return shorten(extensionOf(shown) === null ? `${shown || "file"}.${extension}` : shown);
}

/** What a name ends in as people see it, in lower case and without the dot; null when that is no extension. */
export function extensionOf(name: string): string | null {
  return /[^.]\.([a-z0-9]{1,10})$/i.exec(visible(name))?.[1]?.toLowerCase() ?? null;
}

function visible(name: string): string {
  const plain = name.normalize("NFC").replace(INVISIBLE, "");
  const last = plain.slice(Math.max(plain.lastIndexOf("/"), plain.lastIndexOf("\\")) + 1);
  return last.replace(/^[.\s]+/u, "").replace(/(?<![.\s])[.\s]+$/u, "");
}

/** Cuts the part before the extension, between characters. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const end = name.slice(name.lastIndexOf("."));
  let room = MAX_BYTES - Buffer.byteLength(end);
  let kept = "";
  for (const character of name.slice(0, -end.length)) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    kept += character;
  }
  return kept.trimEnd() + end;
}
