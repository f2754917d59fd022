import type {
  ApolloServer,
  ApolloServerPlugin,
  BaseContext,
  DocumentStore,
  GraphQLRequestContext,
} from "@apollo/server";
import type { DocumentNode, GraphQLSchema } from "graphql";
import { GraphQLError } from "graphql";
import type { CoerceVariables } from "../documents/coerce-variables.js";
import { limitVariables } from "../documents/coerce-variables.js";
import { limitCost } from "../documents/cost-limit.js";
import { createDividedStore, STORE_LIMITS } from "../documents/document-stores.js";
import type { Caller, EndTurn, PreparationTurns } from "../documents/preparation-turns.js";
import { pause } from "../documents/preparation-turns.js";
import { limitLength, readDocument } from "../documents/read-document.js";
import { asRefusal } from "../documents/refusals.js";
import { refuseConditionalRoots } from "../documents/refuse-conditional-root.js";
import { namedOperation, unresolvedOperation } from "../documents/unresolved-operation.js";
import { expectedFailure, isRefusalByGraphQL } from "../error-format.js";

export interface AdmissionRules<Context> {
  readonly schema: GraphQLSchema;
  readonly coerce: CoerceVariables;
  readonly maxDepth: number;
  readonly maxCost: number;
  readonly preparations: PreparationTurns;
  /** The caller in whose turns the documents of a request are prepared. */
  callerOf(context: Context): Caller;
}

/** Options of Apollo Server with which it neither processes nor caches operations that are too large. */
export interface Admission<Context extends BaseContext> {
  readonly plugin: ApolloServerPlugin<Context>;
  readonly documentStore: DocumentStore;
  /**
   * The cache for the texts of persisted queries, which Apollo Server fills after their operations have been admitted.
   */
  readonly textStore: ApolloServer["cache"];
}

/** Parses, measures and caches the documents of queries and mutations. Unknown documents are prepared in turns. */
export function createAdmission<Context extends BaseContext>({
  schema,
  coerce,
  maxDepth,
  maxCost,
  preparations,
  callerOf,
}: AdmissionRules<Context>): Admission<Context> {
  const documents = createDividedStore<DocumentNode>(STORE_LIMITS.documents, STORE_LIMITS.anonymousDocuments);
  const turns = new WeakMap<GraphQLRequestContext<Context>, EndTurn>();
  const endTurn = (context: GraphQLRequestContext<Context>) => turns.get(context)?.();
  return {
    plugin: {
      requestDidStart: async () => {
        let weight: number | null = null;
        const pauseIfNew = async () => {
          if (weight !== null) await pause();
        };
        return {
          // After this hook, Apollo Server parses and validates documents that are not cached.
          async didResolveSource(requestContext) {
            const { request, source, queryHash, contextValue } = requestContext;
            const name = namedOperation(request.operationName);
            if (name === undefined) delete request.operationName;
            limitVariables(request.variables);
            const caller = callerOf(contextValue);
            if (documents.get(queryHash, caller.isAnonymous)) return;
            limitLength(source);
            turns.set(requestContext, await preparations.begin(caller));
            // Another request may have prepared the same document in the meantime.
            if (documents.get(queryHash, caller.isAnonymous)) return endTurn(requestContext);
            const read = readDocument(source, maxDepth);
            refuseConditionalRoots(read.document);
            weight = read.weight;
          },
          parsingDidStart: pauseIfNew,
          validationDidStart: pauseIfNew,
          async didResolveOperation(requestContext) {
            const { request, document, operation, queryHash = "", contextValue } = requestContext;
            if (!operation) throw unresolvedOperation();
            await pauseIfNew();
            const variables = coerce(operation, request.variables ?? {});
            limitCost({ schema, document, operation, variables }, maxCost);
            const { isAnonymous } = callerOf(contextValue);
            if (weight !== null) documents.set(queryHash, document, { bytes: weight, isAnonymous });
            endTurn(requestContext);
          },
          // The turn of a refused document ends with its response.
          willSendResponse: async (requestContext) => endTurn(requestContext),
        };
      },
      // Apollo Server treats errors before parsing as internal faults, and responds with the error that is thrown here
      // instead.
      async unexpectedErrorProcessingRequest({ requestContext, error }) {
        endTurn(requestContext);
        if (isRefusalByGraphQL(error)) throw error;
        const failure = expectedFailure(error);
        if (failure !== null) throw error instanceof GraphQLError ? error : asRefusal(failure);
      },
    },
    documentStore: {
      // The caller is not known here; `didResolveSource` has already looked the document up for it.
      get: async (key) => documents.get(queryHashIn(key), true),
      // Apollo Server would cache every valid document, whatever its cost.
      set: async () => {},
      delete: async () => {},
    },
    textStore: createTextStore((hash) => documents.isForSignedIn(hash)),
  };
}

/** Keys of Apollo Server begin with a hash of the schema or the name of a cache. */
const queryHashIn = (key: string): string => key.slice(key.lastIndexOf(":") + 1);

/**
 * @param isForSignedIn whether the document of this hash is cached for callers with a sign-in; then its text is, too
 */
function createTextStore(isForSignedIn: (queryHash: string) => boolean): ApolloServer["cache"] {
  const { persistedQueries, anonymousPersistedQueries } = STORE_LIMITS;
  const texts = createDividedStore<string>(persistedQueries, anonymousPersistedQueries);
  const isAnonymous = (key: string) => !isForSignedIn(queryHashIn(key));
  return {
    get: async (key) => texts.get(key, isAnonymous(key)),
    set: async (key, text) => texts.set(key, text, { bytes: text.length * 2, isAnonymous: isAnonymous(key) }),
    delete: async () => {},
  };
}
