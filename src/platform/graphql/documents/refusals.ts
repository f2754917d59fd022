import { GraphQLError } from "graphql";
import { FiledeskError } from "../../../kernel/errors.js";

/** An expected failure before anything is executed, with the status that Apollo Server shall answer with. */
export const asRefusal = (failure: FiledeskError): GraphQLError =>
  new GraphQLError(failure.message, {
    originalError: failure,
    extensions: { http: { status: failure.status } },
  });

/** Apollo Server answers with this status; elsewhere the code says it. */
const BAD_REQUEST = { status: 400 };

/** An operation that asks for more than the server lets one ask for: QUERY_TOO_COMPLEX. */
export const tooComplex = (message: string, figures: Readonly<Record<string, number>>): GraphQLError =>
  asRefusal(new FiledeskError("QUERY_TOO_COMPLEX", message, figures));

/** What GraphQL.js refuses, with the code that Apollo Server gives such a refusal. */
export const withCode = ({ message, nodes, source, positions }: GraphQLError, code: string): GraphQLError =>
  new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code, http: BAD_REQUEST },
  });
