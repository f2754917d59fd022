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
  /** In whose turns what a request asks is prepared. */
  callerOf(context: Context): Caller;
}

/** What Apollo Server is given, so that it does nothing with an operation that is too large, and keeps nothing of it. */
export interface Admission<Context extends BaseContext> {
  readonly plugin: ApolloServerPlugin<Context>;
  readonly documentStore: DocumentStore;
  /** For the texts of persisted queries, which Apollo Server keeps when their operations have been admitted. */
  readonly textStore: ApolloServer["cache"];
}

/** Reads, weighs and then keeps the documents of queries and mutations, those that it does not know in turns. */
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
  const endTurn = (asked: GraphQLRequestContext<Context>) => turns.get(asked)?.();
  return {
    plugin: {
      requestDidStart: async () => {
        let weight: number | null = null;
        const pauseIfNew = async () => {
          if (weight !== null) await pause();
        };
        return {
          // Behind this, Apollo Server parses and validates what it does not know yet.
          async didResolveSource(asked) {
            const { request, source, queryHash, contextValue } = asked;
            const name = namedOperation(request.operationName);
            if (name === undefined) delete request.operationName;
            limitVariables(request.variables);
            const caller = callerOf(contextValue);
            if (documents.get(queryHash, caller.isAnonymous)) return;
            limitLength(source);
            turns.set(asked, await preparations.begin(caller));
            // Somebody else may have sent the same meanwhile.
            if (documents.get(queryHash, caller.isAnonymous)) return endTurn(asked);
            const read = readDocument(source, maxDepth);
            refuseConditionalRoots(read.document);
            weight = read.weight;
          },
          parsingDidStart: pauseIfNew,
          validationDidStart: pauseIfNew,
          async didResolveOperation(asked) {
            const { request, document, operation, queryHash = "", contextValue } = asked;
            if (!operation) throw unresolvedOperation();
            await pauseIfNew();
            const variables = coerce(operation, request.variables ?? {});
            limitCost({ schema, document, operation, variables }, maxCost);
            const { isAnonymous } = callerOf(contextValue);
            if (weight !== null) documents.set(queryHash, document, { bytes: weight, isAnonymous });
            endTurn(asked);
          },
          // The turn of a document that is refused ends with its answer.
          willSendResponse: async (asked) => endTurn(asked),
        };
      },
      // What is thrown before a document is parsed, Apollo Server takes for a fault; what is thrown here is told instead.
      async unexpectedErrorProcessingRequest({ requestContext, error }) {
        endTurn(requestContext);
        if (isRefusalByGraphQL(error)) throw error;
        const failure = expectedFailure(error);
        if (failure !== null) throw error instanceof GraphQLError ? error : asRefusal(failure);
      },
    },
    documentStore: {
      // By whom it is asked for, is known above.
      get: async (key) => documents.get(queryHashIn(key), true),
      // It would keep what is valid, whatever it costs.
      set: async () => {},
      delete: async () => {},
    },
    textStore: createTextStore((hash) => documents.isForSignedIn(hash)),
  };
}

/** The keys of Apollo Server begin with a hash of the schema, or with the name of a cache. */
const queryHashIn = (key: string): string => key.slice(key.lastIndexOf(":") + 1);

/** @param isForSignedIn whether the document of this hash is kept for callers with a sign-in: so is its text, then */
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
