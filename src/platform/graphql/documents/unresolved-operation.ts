import { ApolloServerErrorCode } from "@apollo/server/errors";
import { GraphQLError } from "graphql";

/** The operation that a request names. Some clients send an empty `operationName` instead of none. */
export const namedOperation = (operationName: string | null | undefined): string | undefined =>
  operationName || undefined;

/**
 * The error if a document has no operation of the given name, or several and no name is given (GraphQL specification,
 * 6.1, GetOperation).
 */
export const unresolvedOperation = (): GraphQLError =>
  new GraphQLError("Select one of the document's operations with `operationName`.", {
    extensions: { code: ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE, http: { status: 400 } },
  });
