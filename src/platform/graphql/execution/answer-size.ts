import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, OperationTypeNode } from "graphql";
import { MIB } from "../../../kernel/bytes.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { formatError } from "../error-format.js";

/** The log for refused responses; as warnings, because the client has caused them. */
export interface AnswerLog {
  warn(details: object, message: string): void;
}

/**
 * Limits the size of responses to queries and mutations. Several aliases of a long text are one text in memory until it
 * is serialized, so a response is measured before that.
 */
export const answerLimit = (
  maxBytes: number,
  log: AnswerLog,
): ApolloServerPlugin<{ readonly requestId: string }> => ({
  requestDidStart: async () => ({
    willSendResponse: async ({ response, contextValue, operation, operationName }) => {
      const { body, http } = response;
      if (body.kind !== "single" || fitsInBytes(body.singleResult, maxBytes)) return;
      log.warn({ reqId: contextValue.requestId, operationName, maxBytes }, "a response was too large");
      const failure = answerTooLarge(maxBytes, operation?.operation);
      const error = new GraphQLError(failure.message, { originalError: failure });
      body.singleResult = { data: null, errors: [formatError({ message: error.message }, error)] };
      http.status = failure.status;
    },
  }),
});

/**
 * The error for a response that exceeds `limit` bytes. For a mutation it says that the mutation has been carried out.
 */
export function answerTooLarge(limit: number, kind?: OperationTypeNode): FiledeskError {
  const done = kind === OperationTypeNode.MUTATION ? "The mutation was carried out, but its" : "The";
  const most = `${Math.round((limit / MIB) * 100) / 100} MiB`;
  return new FiledeskError(
    "QUERY_TOO_COMPLEX",
    `${done} response is larger than ${most}, which is the limit. Request fewer fields or smaller pages.`,
    { limit },
  );
}

/** Maximum bytes of a character in JSON, as in `\u0001`. */
const MOST_BYTES_OF_A_CHARACTER = 6;

/**
 * Whether a value takes no more than this many bytes as JSON in UTF-8. Stops when the limit is reached. Texts are only
 * scanned if necessary: an ordinary response costs a visit to each of its values.
 */
export function fitsInBytes(value: unknown, maxBytes: number): boolean {
  const left = spend(value, maxBytes, leastBytes);
  if (left < 0) return false;
  if ((maxBytes - left) * MOST_BYTES_OF_A_CHARACTER <= maxBytes) return true;
  return spend(value, maxBytes, exactMeasure()) >= 0;
}

/** Returns the bytes of a text with its quotation marks. */
type Measure = (text: string) => number;

const leastBytes: Measure = (text) => text.length + 2;

/** Texts of at least this length are measured once, however often they occur in the response. */
const LONG_TEXT = 256;

function exactMeasure(): Measure {
  const known = new Map<string, number>();
  return (text) => {
    if (text.length < LONG_TEXT) return Buffer.byteLength(JSON.stringify(text));
    const bytes = known.get(text) ?? Buffer.byteLength(JSON.stringify(text));
    known.set(text, bytes);
    return bytes;
  };
}

/** @returns the remaining bytes; negative if they were not enough */
function spend(value: unknown, bytes: number, measure: Measure): number {
  if (typeof value === "string") return bytes - measure(value);
  if (typeof value === "number") return bytes - (measure === leastBytes ? 1 : String(value).length);
  if (typeof value !== "object" || value === null) return bytes - (value === false ? 5 : 4);
  // One bracket, and a comma or the other bracket after each item.
  let left = bytes - 1;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index++)
      left = spend(value[index], left - 1, measure);
  } else {
    for (const name in value) {
      if (left < 0) return left;
      const item = (value as Record<string, unknown>)[name];
      if (item !== undefined) left = spend(item, left - name.length - 4, measure);
    }
  }
  return left === bytes - 1 ? left - 1 : left;
}
