import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";
import { badUserInput } from "../../../kernel/errors.js";

/** Half of a surrogate pair that stands alone. */
const HALF = /\p{Cs}/u;

/**
 * Refuses variables whose texts cannot be written in UTF-8. The driver would store U+FFFD for every half of a character,
 * so that what was different is the same; what stands in a document itself is refused when it is parsed.
 */
export const wellFormedStrings: ApolloServerPlugin = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ request }) => {
      if (!holdsHalf(request.variables)) return;
      const failure = badUserInput("A text cannot hold half of a surrogate pair.");
      throw new GraphQLError(failure.message, {
        originalError: failure,
        extensions: { http: { status: 400 } },
      });
    },
  }),
};

/** Without recursion: how deep variables are is bounded by the size of the request alone. */
function holdsHalf(variables: unknown): boolean {
  const open = [variables];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string" && HALF.test(value)) return true;
    if (typeof value === "object" && value !== null) for (const part of partsOf(value)) open.push(part);
  }
  return false;
}

/** Of what came as JSON; an upload is none of it. */
function partsOf(value: object): unknown[] {
  if (Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.values(value) : [];
}
