import { ApolloServerErrorCode } from "@apollo/server/errors";
import { GraphQLError } from "graphql";

/** Which operation is asked for, by a request's `operationName`: some clients send an empty one where they have none. */
export const namedOperation = (operationName: string | null | undefined): string | undefined =>
  operationName || undefined;

/** A document has no operation of the given name, or several and no name was given (GraphQL specification, 6.1, GetOperation). */
export const unresolvedOperation = (): GraphQLError =>
  new GraphQLError("Say by `operationName` which of the document's operations is meant.", {
    extensions: { code: ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE, http: { status: 400 } },
  });
