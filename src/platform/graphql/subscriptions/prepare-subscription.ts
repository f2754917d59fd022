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

/** A GraphQL request, as it came. */
export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Variables | null | undefined;
}

/** An operation that may be subscribed to. */
export interface Prepared<Viewer> {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** What the results depend on. */
  readonly variables: readonly string[];
  /** By the values of those variables. */
  readonly results: BoundedStore<SharedResults<Viewer>>;
  /** Bytes that it takes at most while it is kept. */
  readonly weight: number;
}

export function resultsOf<Viewer>(
  { variables: names, results }: Prepared<Viewer>,
  values: Variables,
): SharedResults<Viewer> {
  const given = names.filter((name) => Object.hasOwn(values, name));
  const key = hashOf(given.map((name) => [name, values[name]]));
  const found = results.get(key) ?? new SharedResults<Viewer>();
  // Who has them already goes on with them when they are forgotten here.
  results.set(key, found, RESULTS_BYTES);
  return found;
}

/** What they hold goes with the events that it was made of. */
const RESULTS_BYTES = 500;

export interface Preparation<Viewer> {
  /**
   * Parses and validates an operation, once for all who subscribe with the same text: in the turns of this caller when it
   * is not known yet. @throws for a refusal
   */
  prepare(request: SubscriptionRequest, caller: Caller): Promise<Prepared<Viewer>>;
  /** Keeps what somebody was let follow; what is refused is not kept. */
  keep(request: SubscriptionRequest, prepared: Prepared<Viewer>): Prepared<Viewer>;
}

export function createPreparation<Viewer>(rules: SubscriptionRules): Preparation<Viewer> {
  const kept = createBoundedStore<Prepared<Viewer>>(STORE_LIMITS.subscriptions);
  return {
    async prepare(request, caller) {
      const key = keyOf(request);
      const known = kept.get(key);
      if (known) return known;
      limitLength(request.query);
      const endTurn = await rules.preparations.begin(caller);
      try {
        // Somebody else may have been let in with the same meanwhile.
        return kept.get(key) ?? (await prepareAnew(rules, request));
      } finally {
        endTurn();
      }
    },
    keep(request, prepared) {
      const key = keyOf(request);
      // Somebody else may have been let in with the same while this one was looked at.
      const first = kept.get(key);
      if (!first) kept.set(key, prepared, prepared.weight + STORE_LIMITS.eventResults.bytes);
      return first ?? prepared;
    },
  };
}

const keyOf = ({ query, operationName }: SubscriptionRequest): string =>
  hashOf([namedOperation(operationName) ?? "", query]);

/** Of one length, however long what it stands for is. */
const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64");

async function prepareAnew<Viewer>(
  { schema, introspection, maxDepth }: SubscriptionRules,
  { query, operationName }: SubscriptionRequest,
): Promise<Prepared<Viewer>> {
  const { document, weight } = readDocument(query, maxDepth);
  const operation = getOperationAST(document, namedOperation(operationName));
  if (!operation) throw unresolvedOperation();
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) throw badUserInput(SUBSCRIPTIONS_ALONE);
  refuseConditionalRoots(document);
  await pause();
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const errors = validate(schema, document, rules, validationOptions(introspection));
  if (errors.length > 0) throw new AggregateError(errors.map(asInvalid));
  const results = createBoundedStore<SharedResults<Viewer>>(STORE_LIMITS.eventResults);
  return { document, operation, variables: innerVariables(document, operation), results, weight };
}

const SUBSCRIPTIONS_ALONE =
  "Only subscriptions are taken here: send queries and mutations as a POST to the same URL, with `Accept: application/json`.";

const asInvalid = (error: GraphQLError): GraphQLError =>
  withCode(error, ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED);
