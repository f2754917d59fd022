import Negotiator from "negotiator";
import type { ErrorResponse } from "./error-response.js";

const JSON_TYPE = "application/json; charset=utf-8";
const RESPONSE_TYPES = [JSON_TYPE, "application/graphql-response+json; charset=utf-8"];

/** The media type of a GraphQL response that a client prefers, chosen as Apollo Server does; null when it takes none. */
export function graphqlTypeFor(accept: string | undefined): string | null {
  if (!accept) return JSON_TYPE;
  return new Negotiator({ headers: { accept } }).mediaType(RESPONSE_TYPES) ?? null;
}

/**
 * A failure as a GraphQL response. By `application/graphql-response+json` a client knows that the body tells what is
 * wrong, whatever the status: of another one Apollo Client tells nothing but the status, and its retrying link asks again.
 *
 * @param accept the request's header of that name
 */
export function asGraphQLResponse({ status, headers, body }: ErrorResponse, accept: string | undefined) {
  const { message, ...extensions } = body.error;
  return {
    status,
    headers: { ...headers, "content-type": graphqlTypeFor(accept) ?? JSON_TYPE },
    body: { errors: [{ message, extensions }] },
  };
}
