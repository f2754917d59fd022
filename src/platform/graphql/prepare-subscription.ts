import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode, ValidationRule } from "graphql";
import {
  GraphQLError,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { badUserInput } from "../../kernel/errors.js";
import { depthLimit, MAX_TOKENS } from "./query-limits.js";
import { innerVariables, ToldResults } from "./told-results.js";
import { refuseConditionalRoots } from "./unconditional-root.js";

export interface SubscriptionRules {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly maxDepth: number;
}

/** A GraphQL request, as it came. */
export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** An operation that may be subscribed to. */
export interface Prepared<Viewer> {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** What the results depend on. */
  readonly variables: readonly string[];
  /** By the values of those variables. */
  readonly results: Map<string, ToldResults<Viewer>>;
}

/** Values of variables by which results are kept apart, at once. */
const KEPT_VALUES = 100;

export function resultsOf<Viewer>(
  { variables: names, results }: Prepared<Viewer>,
  values: Readonly<Record<string, unknown>>,
): ToldResults<Viewer> {
  const given = names.filter((name) => Object.hasOwn(values, name));
  const key = JSON.stringify(given.map((name) => [name, values[name]]));
  const found = results.get(key) ?? new ToldResults<Viewer>();
  // Who has them already goes on with them.
  if (results.size >= KEPT_VALUES) results.clear();
  results.set(key, found);
  return found;
}

/** Documents that are kept, parsed and validated, and with them what is compiled. */
const KEPT_DOCUMENTS = 500;

/** Parses and validates an operation once for all who subscribe with the same text. */
export function createPreparation<Viewer>(rules: SubscriptionRules) {
  const kept = new Map<string, Prepared<Viewer>>();
  return (request: SubscriptionRequest): Prepared<Viewer> => {
    const key = `${request.operationName ?? ""} ${request.query}`;
    const prepared = kept.get(key) ?? prepareAnew(rules, request);
    // The one that was used longest ago is the first to go.
    kept.delete(key);
    kept.set(key, prepared);
    if (kept.size > KEPT_DOCUMENTS) kept.delete(kept.keys().next().value ?? "");
    return prepared;
  };
}

function prepareAnew<Viewer>(
  { schema, introspection, maxDepth }: SubscriptionRules,
  { query, operationName }: SubscriptionRequest,
): Prepared<Viewer> {
  const document = parsed(query);
  const operation = getOperationAST(document, operationName);
  if (!operation) throw coded(UNKNOWN_OPERATION, ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE);
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) throw badUserInput(SUBSCRIPTIONS_ALONE);
  refuseConditionalRoots(document);
  const rules: ValidationRule[] = [...specifiedRules, depthLimit(maxDepth)];
  if (!introspection) rules.push(NoSchemaIntrospectionCustomRule);
  const errors = validate(schema, document, rules);
  if (errors.length > 0) throw new AggregateError(errors.map((error) => asInvalid(error, introspection)));
  return { document, operation, variables: innerVariables(document, operation), results: new Map() };
}

const UNKNOWN_OPERATION = "Say by `operationName` which of the document's operations is meant.";
const SUBSCRIPTIONS_ALONE =
  "Only subscriptions are taken here: send queries and mutations over HTTP, as a POST to the same URL.";

function parsed(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    throw error instanceof GraphQLError
      ? withCode(error, error.message, ApolloServerErrorCode.GRAPHQL_PARSE_FAILED)
      : error;
  }
}

/** Without introspection, names of the schema are not suggested either. */
function asInvalid(error: GraphQLError, introspection: boolean): GraphQLError {
  if (error.originalError) return error;
  const message = introspection ? error.message : error.message.replace(/ ?Did you mean .+\?$/s, "");
  return withCode(error, message, ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED);
}

const withCode = ({ nodes, source, positions }: GraphQLError, message: string, code: string): GraphQLError =>
  new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code },
  });

const coded = (message: string, code: string) => new GraphQLError(message, { extensions: { code } });
