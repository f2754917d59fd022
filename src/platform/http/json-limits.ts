import { FiledeskError } from "../../kernel/errors.js";

/**
 * Limits of JSON from clients. Operations need far less: their variables have at most 1,000 values and 10 levels.
 * Parsing a megabyte of brackets takes half a second, and a megabyte of short names a tenth of a second.
 */
export const JSON_LIMITS = {
  /** Nesting depth of lists and objects. */
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
  /** Only complete for a text within the limits. */
  readonly values: number;
  readonly exceeded: ExceededLimit | null;
}

/**
 * Scans a JSON text before it is parsed. It takes a millisecond or two for a megabyte, whatever the content, and less
 * if the text is refused. Code that handles the parsed value may then be recursive.
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
 * @param what the beginning of the error message
 * @returns how many values the text contains
 * @throws QUERY_TOO_COMPLEX when it exceeds a limit
 */
export function limitJson(json: string, what: string): number {
  const { values, exceeded } = scanJson(json);
  if (exceeded === null) return values;
  const { problem, limit } = exceeded;
  throw new FiledeskError("QUERY_TOO_COMPLEX", `${what} ${problem}: send less at once.`, { limit });
}

/** The index of the end of the string that begins here, or of the text. */
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
