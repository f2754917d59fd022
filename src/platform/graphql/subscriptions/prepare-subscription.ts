import { createHash } from "node:crypto";
import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from "graphql";
import {
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  specifiedRules,
  validate,
} from "graphql";
import { badUserInput } from "../../../kernel/errors.js";
import type { Variables } from "../documents/coerce-variables.js";
import type { BoundedStore } from "../documents/document-stores.js";
import { createBoundedStore, STORE_LIMITS } from "../documents/document-stores.js";
import type { Caller, PreparationTurns } from "../documents/preparation-turns.js";
import { pause } from "../documents/preparation-turns.js";
import { limitLength, readDocument, validationOptions } from "../documents/read-document.js";
import { withCode } from "../documents/refusals.js";
import { refuseConditionalRoots } from "../documents/refuse-conditional-root.js";
import { namedOperation, unresolvedOperation } from "../documents/unresolved-operation.js";
import { innerVariables, SharedResults } from "./shared-results.js";

export interface SubscriptionRules {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly maxDepth: number;
  readonly preparations: PreparationTurns;
}

/** A GraphQL request as received. */
export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Variables | null | undefined;
}

/** A validated subscription operation. */
export interface PreparedSubscription<Viewer> {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The variables that the results depend on. */
  readonly variables: readonly string[];
  /** Shared results by the values of those variables. */
  readonly results: BoundedStore<SharedResults<Viewer>>;
  /** Maximum bytes that it takes while it is cached. */
  readonly weight: number;
}

export function resultsOf<Viewer>(
  { variables: names, results }: PreparedSubscription<Viewer>,
  values: Variables,
): SharedResults<Viewer> {
  const given = names.filter((name) => Object.hasOwn(values, name));
  const key = hashOf(given.map((name) => [name, values[name]]));
  const found = results.get(key) ?? new SharedResults<Viewer>();
  // Subscriptions that already have them keep them after they are evicted here.
  results.set(key, found, RESULTS_BYTES);
  return found;
}

/** Results are held weakly by their events, so an entry itself is small. */
const RESULTS_BYTES = 500;

export interface Preparation<Viewer> {
  /**
   * Parses and validates an operation, once for all subscriptions with the same text. If it is not cached, it waits for
   * a turn of this caller. @throws if the operation is refused
   */
  prepare(request: SubscriptionRequest, caller: Caller): Promise<PreparedSubscription<Viewer>>;
  /** Caches a subscription that has been admitted; refused ones are not cached. */
  keep(request: SubscriptionRequest, prepared: PreparedSubscription<Viewer>): PreparedSubscription<Viewer>;
}

export function createPreparation<Viewer>(rules: SubscriptionRules): Preparation<Viewer> {
  const kept = createBoundedStore<PreparedSubscription<Viewer>>(STORE_LIMITS.subscriptions);
  return {
    async prepare(request, caller) {
      const key = keyOf(request);
      const known = kept.get(key);
      if (known) return known;
      limitLength(request.query);
      const endTurn = await rules.preparations.begin(caller);
      try {
        // The same operation may have been admitted for another request in the meantime.
        return kept.get(key) ?? (await prepareAnew(rules, request));
      } finally {
        endTurn();
      }
    },
    keep(request, prepared) {
      const key = keyOf(request);
      // The same operation may have been admitted for another request in the meantime.
      const first = kept.get(key);
      if (!first) kept.set(key, prepared, prepared.weight + STORE_LIMITS.eventResults.bytes);
      return first ?? prepared;
    },
  };
}

const keyOf = ({ query, operationName }: SubscriptionRequest): string =>
  hashOf([namedOperation(operationName) ?? "", query]);

/** A key of fixed length. */
const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64");

async function prepareAnew<Viewer>(
  { schema, introspection, maxDepth }: SubscriptionRules,
  { query, operationName }: SubscriptionRequest,
): Promise<PreparedSubscription<Viewer>> {
  const { document, weight } = readDocument(query, maxDepth);
  const operation = getOperationAST(document, namedOperation(operationName));
  if (!operation) throw unresolvedOperation();
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) throw badUserInput(ONLY_SUBSCRIPTIONS);
  refuseConditionalRoots(document);
  await pause();
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const errors = validate(schema, document, rules, validationOptions(introspection));
  if (errors.length > 0) throw new AggregateError(errors.map(asInvalid));
  const results = createBoundedStore<SharedResults<Viewer>>(STORE_LIMITS.eventResults);
  return { document, operation, variables: innerVariables(document, operation), results, weight };
}

const ONLY_SUBSCRIPTIONS =
  "Only subscriptions are accepted here: send queries and mutations as a POST to the same URL, with `Accept: application/json`.";

const asInvalid = (error: GraphQLError): GraphQLError =>
  withCode(error, ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED);
