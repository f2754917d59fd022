/** A combining mark, except U+034F (combining grapheme joiner), which ends a sequence of them. */
const MARK = String.raw`(?:(?!\u034F)\p{M})`;
const TOO_MANY_MARKS = new RegExp(`${MARK}{30}(?=${MARK})`, "gu");

/** Marks that change the direction of text, so that a line reads as another one; and the byte order mark. */
const DIRECTION_MARKS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u206F\uFEFF]/gu;
const WHITE_SPACE = /\p{White_Space}+/gu;

/**
 * A text in Unicode's Normalization Form C, in which all texts are stored and searched.
 *
 * Sorting combining marks takes time that grows with the square of their number, so sequences of more than 30 are split
 * by U+034F first (UAX #15 §13, Stream-Safe Text Format).
 */
export const composed = (text: string): string => text.replace(TOO_MANY_MARKS, "$&\u034F").normalize("NFC");

/**
 * A text as a single line (subject, name, room, search term): in NFC, without direction marks, each sequence of white
 * space replaced by one space, none at either end. Other control characters remain; `isPlainLine` finds them.
 */
export const singleLine = (text: string): string =>
  composed(text.replace(DIRECTION_MARKS, "").replace(WHITE_SPACE, " ").trim());

const VISIBLE = /[^\s\p{DI}\p{M}\u2800]/u;
const REFUSED = /[\p{Cc}\p{Cs}]/u;

/** Whether a line contains neither control characters nor lone surrogates. */
export const isPlainLine = (line: string): boolean => !REFUSED.test(line);

/** Whether a normalized line is plain, has a visible character, and at most this many characters. */
export const isLine = (line: string, most: number): boolean =>
  hasLength(line, 1, most) && VISIBLE.test(line) && isPlainLine(line);

/** Whether a text has this many characters (code points, not UTF-16 units). */
export function hasLength(text: string, least: number, most: number): boolean {
  if (text.length < least || text.length > 2 * most) return false;
  const { length } = [...text];
  return length >= least && length <= most;
}
