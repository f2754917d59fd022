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

interface JsonScan {
  /** Of a text within the limits. */
  readonly values: number;
  readonly exceeded: ExceededLimit | null;
}

/**
 * Reads over a JSON text before it is parsed: a millisecond or two for a megabyte, whatever it contains, and less for
 * one that is refused. What follows may call itself for each level.
 */
function scanJson(json: string): JsonScan {
  const { nesting, values } = JSON_LIMITS;
  const exceeding = (problem: string, limit: number): JsonScan => ({
    values: count,
    exceeded: { problem, limit },
  });
  let depth = 0;
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === QUOTE) at = endOfString(json, at);
    else if (character === COMMA) count++;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      // For its first item.
      count++;
      if (++depth > nesting) return exceeding(`nests deeper than ${nesting} levels`, nesting);
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth--;
    if (count > values) return exceeding(`contains more than ${values} values`, values);
  }
  return { values: count, exceeded: null };
}

/** @returns null for a text within the limits, valid or not */
export const exceededLimit = (json: string): ExceededLimit | null => scanJson(json).exceeded;

/**
 * @param what begins the message
 * @returns how many values the text contains
 * @throws QUERY_TOO_COMPLEX when it exceeds a limit
 */
export function limitJson(json: string, what: string): number {
  const { values, exceeded } = scanJson(json);
  if (exceeded === null) return values;
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
