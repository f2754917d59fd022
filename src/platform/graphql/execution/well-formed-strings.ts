import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";
import { badUserInput } from "../../../kernel/errors.js";

/** A lone surrogate. */
const LONE_SURROGATE = /\p{Cs}/u;

/**
 * Refuses variables with texts that cannot be encoded in UTF-8. The driver would store U+FFFD for every lone surrogate,
 * so different texts would become equal. In the document itself, they are refused when it is parsed.
 */
export const wellFormedStrings: ApolloServerPlugin = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ request }) => {
      if (!hasLoneSurrogate(request.variables)) return;
      const failure = badUserInput("A text cannot contain half of a surrogate pair.");
      throw new GraphQLError(failure.message, {
        originalError: failure,
        extensions: { http: { status: 400 } },
      });
    },
  }),
};

/** Not recursive, because only the size of the request limits the depth of variables. */
function hasLoneSurrogate(variables: unknown): boolean {
  const open = [variables];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string" && LONE_SURROGATE.test(value)) return true;
    if (typeof value === "object" && value !== null) for (const part of partsOf(value)) open.push(part);
  }
  return false;
}

/** The parts of a JSON list or object; an upload has none. */
function partsOf(value: object): unknown[] {
  if (Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.values(value) : [];
}
