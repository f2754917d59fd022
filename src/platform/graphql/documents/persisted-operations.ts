import { ApolloServerErrorCode } from "@apollo/server/errors";
import { GraphQLError } from "graphql";
import { badUserInput, FiledeskError } from "../../../kernel/errors.js";

/** The operations that clients may send, by their ids: those of the manifests. */
export type OperationList = ReadonlyMap<string, string>;

/** What a client sends to name its operation: a text, an id, or both. */
export interface NamedOperationRequest {
  readonly query?: unknown;
  readonly extensions?: unknown;
}

/** Finds the text of the operation that a request names; undefined if it names none. */
export type FindOperation = (request: NamedOperationRequest) => string | undefined;

/**
 * Finds operations in a list, so that no other text is ever parsed. The errors have the codes of Apollo Router, whose
 * lists these are: at `PERSISTED_QUERY_NOT_FOUND`, Apollo Client would send the text, which is not in the list either.
 */
export function findInList(operations: OperationList): FindOperation {
  const texts = new Set(operations.values());
  return ({ query, extensions }) => {
    const id = persistedIdIn(extensions);
    const listed = id === undefined ? undefined : operations.get(id);
    if (typeof query !== "string" || query === "") {
      if (id !== undefined && listed === undefined) throw idNotInList();
      return listed;
    }
    if (!texts.has(query) || (listed !== undefined && listed !== query)) throw textNotInList();
    return query;
  };
}

/** Takes any text. Texts of subscriptions are not kept by their hashes: a client that sends one is asked for the text. */
export const findText: FindOperation = ({ query, extensions }) => {
  if (typeof query === "string" && query !== "") return query;
  if (persistedIdIn(extensions) !== undefined) throw persistedQueryNotFound();
  return typeof query === "string" ? query : undefined;
};

/** The id of a persisted query, which is usually the SHA-256 of its text. @throws BAD_USER_INPUT unless it is a text */
function persistedIdIn(extensions: unknown): string | undefined {
  const extension = (extensions as { persistedQuery?: unknown } | null | undefined)?.persistedQuery;
  if (extension === undefined || extension === null) return undefined;
  const id = (extension as { sha256Hash?: unknown }).sha256Hash;
  if (typeof id !== "string")
    throw badUserInput("Send the id of the operation as `extensions.persistedQuery.sha256Hash`, a string.");
  return id;
}

/** At this code of Apollo Server, clients send the text as well. */
const persistedQueryNotFound = () =>
  new GraphQLError("PersistedQueryNotFound", {
    extensions: { code: ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND },
  });

const idNotInList = () =>
  new FiledeskError(
    "PERSISTED_QUERY_NOT_IN_LIST",
    "This server executes persisted operations only, and none has this id: add the manifest of the client to OPERATIONS_MANIFEST.",
  );

const textNotInList = () =>
  new FiledeskError(
    "QUERY_NOT_IN_SAFELIST",
    "This server executes persisted operations only, and this is the text of none, to the letter: send the id of an operation, or add the manifest of the client to OPERATIONS_MANIFEST.",
  );
