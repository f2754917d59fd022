import type { ApolloServer, ApolloServerPlugin, DocumentStore } from "@apollo/server";
import type { DocumentNode, GraphQLSchema } from "graphql";
import type { CoerceVariables } from "./coerce-variables.js";
import { limitVariables } from "./coerce-variables.js";
import { limitCost } from "./cost-limit.js";
import { createBoundedStore, STORE_LIMITS } from "./document-stores.js";
import { expectedFailure, isRefusalByGraphQL } from "./error-format.js";
import { readDocument } from "./read-document.js";
import { refuseConditionalRoots } from "./unconditional-root.js";
import { namedOperation, unresolvedOperation } from "./unresolved-operation.js";

export interface AdmissionRules {
  readonly schema: GraphQLSchema;
  readonly coerce: CoerceVariables;
  readonly maxDepth: number;
  readonly maxCost: number;
}

/** What Apollo Server is given, so that it does nothing with an operation that is too large, and keeps nothing of it. */
export interface Admission {
  readonly plugin: ApolloServerPlugin;
  readonly documentStore: DocumentStore;
}

/** Reads, weighs and then keeps the documents of queries and mutations. */
export function createAdmission({ schema, coerce, maxDepth, maxCost }: AdmissionRules): Admission {
  const documents = createBoundedStore<DocumentNode>(STORE_LIMITS.documents);
  return {
    plugin: {
      requestDidStart: async () => {
        let weight: number | null = null;
        return {
          // Behind this, Apollo Server parses and validates what it does not know yet.
          didResolveSource: async ({ request, source, queryHash }) => {
            const name = namedOperation(request.operationName);
            if (name === undefined) delete request.operationName;
            limitVariables(request.variables);
            if (documents.get(queryHash)) return;
            const read = readDocument(source, maxDepth);
            refuseConditionalRoots(read.document);
            weight = read.weight;
          },
          didResolveOperation: async ({ request, document, operation, queryHash = "" }) => {
            if (!operation) throw unresolvedOperation();
            const variables = coerce(operation, request.variables ?? {});
            limitCost({ schema, document, operation, variables }, maxCost);
            if (weight !== null) documents.set(queryHash, document, weight);
          },
        };
      },
      // What is thrown before a document is parsed, Apollo Server takes for a fault; what is thrown here is told instead.
      unexpectedErrorProcessingRequest: async ({ error }) => {
        if (isRefusalByGraphQL(error) || expectedFailure(error) !== null) throw error;
      },
    },
    documentStore: {
      get: async (key) => documents.get(queryHashIn(key)),
      // It would keep what is valid, whatever it costs.
      set: async () => {},
      delete: async () => {},
    },
  };
}

/** The keys of Apollo Server begin with a hash of the schema. */
const queryHashIn = (key: string): string => key.slice(key.lastIndexOf(":") + 1);

/** Where Apollo Server keeps the texts of persisted queries, which it does when their operations have been admitted. */
export function createTextStore(): ApolloServer["cache"] {
  const texts = createBoundedStore<string>(STORE_LIMITS.persistedQueries);
  return {
    get: async (key) => texts.get(key),
    set: async (key, text) => texts.set(key, text, text.length * 2),
    delete: async () => {},
  };
}
