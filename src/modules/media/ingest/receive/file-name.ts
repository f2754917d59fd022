import { singleLine } from "../../../../kernel/text.js";
import type { FileType } from "../../file-types.js";
import { extensionMismatch } from "../../media.errors.js";
import { fitsExtension, isKnownExtension, isRelative } from "./extensions.js";

const MAX_BYTES = 255;

const CONTROLS = /[\p{Cc}\p{Cs}]/gu;

/**
 * The name under which a file of this type is stored. It is for display and never becomes a path.
 *
 * A single line (`singleLine`) without path, control characters, and dots or spaces at either end; at most 255 bytes of
 * UTF-8; never empty. It has an extension of the type: the extension of a related type is replaced, a missing one is
 * appended.
 *
 * @param type null if it is not in the table of types any more
 * @throws FILE_TYPE_MISMATCH if the extension belongs to an unrelated type
 */
export function fittingName(given: string, type: FileType | null): string {
  const shown = visible(given);
  const extension = extensionIn(shown);
  if (extension === null) return shorten(`${shown || "upload"}.${type?.extension ?? "bin"}`);
  if (type === null || fitsExtension(type, extension)) return shorten(shown);
  if (!isRelative(type, extension)) throw extensionMismatch(extension, type);
  return shorten(`${shown.slice(0, -extension.length)}${type.extension}`);
}

/**
 * The extension of a name in lower case and without the dot; null if it has none, or an ending that is not the extension
 * of a file type, as in "Invoice No.5".
 */
export const extensionOf = (name: string): string | null => extensionIn(visible(name));

function extensionIn(shown: string): string | null {
  const extension = /[^.]\.([a-z0-9]{1,10})$/i.exec(shown)?.[1]?.toLowerCase();
  return extension !== undefined && isKnownExtension(extension) ? extension : null;
}

function visible(name: string): string {
  const plain = singleLine(name).replace(CONTROLS, "");
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
