import { HeaderMap } from "@apollo/server";
import { GraphQLError } from "graphql";
import { FiledeskError } from "../../../kernel/errors.js";

/** An expected error before execution, with the status and headers for Apollo Server's response. */
export const asRefusal = (failure: FiledeskError): GraphQLError =>
  new GraphQLError(failure.message, {
    originalError: failure,
    extensions: { http: { status: failure.status, headers: retryAfterOf(failure) } },
  });

function retryAfterOf({ details: { retryAfter } }: FiledeskError): HeaderMap {
  const headers = new HeaderMap();
  if (typeof retryAfter === "number") headers.set("retry-after", String(retryAfter));
  return headers;
}

/** The status for Apollo Server's response. */
const BAD_REQUEST = { status: 400 };

/** The error for an operation that exceeds a limit: QUERY_TOO_COMPLEX. */
export const tooComplex = (message: string, figures: Readonly<Record<string, number>>): GraphQLError =>
  asRefusal(new FiledeskError("QUERY_TOO_COMPLEX", message, figures));

/** An error of GraphQL.js with the code that Apollo Server uses for it. */
export const withCode = ({ message, nodes, source, positions }: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code, http: BAD_REQUEST },
  });
