import { FiledeskError } from "../../kernel/errors.js";

/**
 * What JSON of clients may contain. Operations need far less: their variables have 1,000 values and 10 levels at most. To
 * parse a megabyte of brackets takes half a second, and a megabyte of short names a tenth of one.
 */
export const JSON_LIMITS = {
  /** Lists and objects in one another. */
  nesting: 32,
  /** Items of lists and fields of objects. */
  values: 5_000,
} as const;

/** A limit that a JSON text exceeds. */
export interface ExceededLimit {
  readonly problem: string;
  readonly limit: number;
}

/**
 * Reads over a JSON text before it is parsed: a millisecond or two for a megabyte, whatever it contains, and less for
 * one that is refused. What follows may call itself for each level.
 *
 * @returns null for a text within the limits, valid or not
 */
export function exceededLimit(json: string): ExceededLimit | null {
  const { nesting, values } = JSON_LIMITS;
  let depth = 0;
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === QUOTE) at = endOfString(json, at);
    else if (character === COMMA) count++;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      // For its first item.
      count++;
      if (++depth > nesting) return { problem: `nests deeper than ${nesting} levels`, limit: nesting };
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth--;
    if (count > values) return { problem: `contains more than ${values} values`, limit: values };
  }
  return null;
}

/** @throws QUERY_TOO_COMPLEX when the text exceeds a limit; what it is called begins the message */
export function limitJson(json: string, what: string): void {
  const exceeded = exceededLimit(json);
  if (exceeded === null) return;
  const { problem, limit } = exceeded;
  throw new FiledeskError("QUERY_TOO_COMPLEX", `${what} ${problem}: send less at once.`, { limit });
}

/** Where the string that begins here ends, or the text does. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  for (; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === QUOTE) return at;
    if (character === BACKSLASH) at++;
  }
  return at;
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACE, CLOSE_BRACKET] = [0x7b, 0x5b, 0x7d, 0x5d];
