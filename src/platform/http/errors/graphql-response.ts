import Negotiator from "negotiator";
import type { ErrorResponse } from "./error-response.js";

const JSON_TYPE = "application/json; charset=utf-8";
const RESPONSE_TYPES = [JSON_TYPE, "application/graphql-response+json; charset=utf-8"];

/**
 * The media type of a GraphQL response that a client prefers, chosen like in Apollo Server; null if it accepts none.
 */
export function graphqlTypeFor(accept: string | undefined): string | null {
  if (!accept) return JSON_TYPE;
  return new Negotiator({ headers: { accept } }).mediaType(RESPONSE_TYPES) ?? null;
}

/**
 * An error as a GraphQL response. With `application/graphql-response+json` a client knows that the body contains
 * GraphQL errors, whatever the status. With another type, Apollo Client reports only the status, and its retry link
 * retries.
 *
 * @param accept the request's `Accept` header
 */
export function asGraphQLResponse({ status, headers, body }: ErrorResponse, accept: string | undefined) {
  const { message, ...extensions } = body.error;
  return {
    status,
    headers: { ...headers, "content-type": graphqlTypeFor(accept) ?? JSON_TYPE },
    body: { errors: [{ message, extensions }] },
  };
}
