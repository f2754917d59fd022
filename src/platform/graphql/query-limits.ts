import type { ApolloServerPlugin } from "@apollo/server";
import { maxDepthRule } from "@escape.tech/graphql-armor-max-depth";
import type { DocumentNode, GraphQLOutputType, GraphQLSchema, ValidationRule } from "graphql";
import { GraphQLError, getNamedType, getNullableType, isLeafType, isListType } from "graphql";
import type { ComplexityEstimator } from "graphql-query-complexity/cjs";
import { getComplexity } from "graphql-query-complexity/cjs";
import { FiledeskError } from "../../kernel/errors.js";
import { DEFAULT_PAGE_SIZE } from "../../kernel/pagination.js";

/** Tokens in an operation at most: what is longer is refused before it is parsed to its end. */
export const MAX_TOKENS = 5_000;

/** Fields of an operation at most, those of a fragment counted wherever it is used. */
const MAX_NODES = 10_000;

/** Items that a list without paging arguments is taken to have. */
const PLAIN_LIST_SIZE = 10;

/**
 * Refuses operations that nest deeper than `levels` fields, in fragments or not; how deep introspection goes,
 * GraphQL's own rule bounds.
 */
export const depthLimit = (levels: number): ValidationRule =>
  maxDepthRule({
    n: levels,
    ignoreIntrospection: true,
    flattenFragments: true,
    propagateOnRejection: false,
    onReject: [
      (context) => {
        const message = `This operation nests deeper than ${levels} levels.`;
        context?.reportError(tooComplex(message, { limit: levels }));
      },
    ],
  }) as ValidationRule;

const isConnection = (type: GraphQLOutputType) => getNamedType(type).name.endsWith("Connection");

/** Every object costs one, a list its objects times its page size; what is in an object, and the schema, is free. */
const estimate: ComplexityEstimator = ({ args, childComplexity, field }) => {
  if (field.name.startsWith("__") || isLeafType(getNamedType(field.type))) return 0;
  if (isConnection(field.type)) return 1 + childComplexity * pageSize(args);
  if (isListType(getNullableType(field.type)) && !insideConnection(field.name))
    return (1 + childComplexity) * PLAIN_LIST_SIZE;
  return 1 + childComplexity;
};

/** Their number has been counted at the connection. */
const insideConnection = (fieldName: string) => fieldName === "nodes" || fieldName === "edges";

function pageSize(args: Record<string, unknown>): number {
  const size = args.first ?? args.last;
  return typeof size === "number" && size >= 0 ? size : DEFAULT_PAGE_SIZE;
}

/**
 * Refuses operations that ask for more than `limit` objects. The cost of a document is remembered for as long as
 * the document is, since it depends on those variables alone that are numbers (page sizes) or booleans (whether
 * a part is included).
 */
export function costLimit(limit: number): ApolloServerPlugin {
  const known = new WeakMap<DocumentNode, Map<string, number>>();
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ schema, request, document, operationName }) => {
        const variables = request.variables ?? {};
        const costs = known.get(document) ?? new Map<string, number>();
        known.set(document, costs);
        const key = `${operationName ?? ""}:${decisiveOf(variables)}`;
        const cost = costs.get(key) ?? costOf(schema, document, operationName, variables);
        if (costs.size < 100) costs.set(key, cost);
        if (cost > limit)
          throw tooComplex(
            `This operation costs ${cost}, and ${limit} is allowed: ask for smaller pages or fewer levels.`,
            { limit, actual: cost },
          );
      },
    }),
  };
}

/** Zero where the variables are wrong: the execution, which comes next, says what is wrong with them. */
function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  operationName: string | null,
  variables: Record<string, unknown>,
): number {
  try {
    return getComplexity({
      schema,
      query,
      variables,
      ...(operationName !== null && { operationName }),
      estimators: [estimate],
      maxQueryNodes: MAX_NODES,
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (error.nodes !== undefined) return 0;
    throw tooComplex(`This operation has more than ${MAX_NODES} fields when its fragments are written out.`, {
      limit: MAX_NODES,
    });
  }
}

const decisiveOf = (variables: Record<string, unknown>) =>
  Object.entries(variables)
    .filter(([, value]) => typeof value === "number" || typeof value === "boolean")
    .map(([name, value]) => `${name}=${value}`)
    .join("&");

const tooComplex = (message: string, figures: Record<string, number>) =>
  new GraphQLError(message, {
    originalError: new FiledeskError("QUERY_TOO_COMPLEX", message, figures),
    extensions: { http: { status: 400 } },
  });
