import { ApolloServerErrorCode } from "@apollo/server/errors";
import { GraphQLError } from "graphql";

/** A document has no operation of the given name, or several and no name was given (GraphQL specification, 6.1, GetOperation). */
export const unresolvedOperation = (): GraphQLError =>
  new GraphQLError("Say by `operationName` which of the document's operations is meant.", {
    extensions: { code: ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE, http: { status: 400 } },
  });
