import type { ApolloServerPlugin } from "@apollo/server";
import { ApolloServerErrorCode } from "@apollo/server/errors";
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

/**
 * Items that a list without paging arguments is taken to have, unless its field says another `listSize` in its
 * extensions. For the photos of a series it is right: a ticket has room for 200, which is ten for each post of a page.
 */
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

/** What a field at the top costs besides its objects: a query reads and may count, a mutation writes; of a subscription, one event. */
const ROOT_COST: Readonly<Record<string, number>> = { Query: 20, Mutation: 50, Subscription: 20 };

/** Every object costs one, a list its objects times its page size; what is in an object, and the schema, is free. */
const estimate: ComplexityEstimator = (options) =>
  options.field.name.startsWith("__")
    ? 0
    : (ROOT_COST[options.type.name] ?? 0) + ownCost(options.field.extensions) + (costOfObjects(options) ?? 0);

/** What a field says in its extensions that it costs besides, because it reads far more than it returns. */
const ownCost = ({ cost }: Readonly<Record<string, unknown>>): number =>
  typeof cost === "number" ? cost : 0;

const costOfObjects: ComplexityEstimator = ({ args, childComplexity, field }) => {
  if (isLeafType(getNamedType(field.type))) return 0;
  if (isConnection(field.type)) return 1 + childComplexity * pageSize(args);
  if (isListType(getNullableType(field.type)) && !insideConnection(field.name))
    return (1 + childComplexity) * plainListSize(field.extensions);
  return 1 + childComplexity;
};

const plainListSize = ({ listSize }: Readonly<Record<string, unknown>>): number =>
  typeof listSize === "number" ? listSize : PLAIN_LIST_SIZE;

/** Their number has been counted at the connection. */
const insideConnection = (fieldName: string) => fieldName === "nodes" || fieldName === "edges";

function pageSize(args: Record<string, unknown>): number {
  const size = args.first ?? args.last;
  return typeof size === "number" && size >= 0 ? size : DEFAULT_PAGE_SIZE;
}

/** An operation as it was asked for. */
export interface AskedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Refuses operations that ask for more than `limit` objects. The cost of a document is remembered for as long as
 * the document is, for each set of variables by itself.
 *
 * @returns what throws QUERY_TOO_COMPLEX
 */
export function createCostLimit(limit: number): (asked: AskedOperation) => void {
  const known = new WeakMap<DocumentNode, Map<string, number>>();
  return (asked) => {
    const key = keyOf(asked);
    const costs = known.get(asked.document) ?? new Map<string, number>();
    known.set(asked.document, costs);
    const remembered = key === null ? undefined : costs.get(key);
    const cost = remembered ?? costOf(asked);
    if (cost > limit)
      throw tooComplex(
        `This operation costs ${cost}, and ${limit} is allowed: ask for smaller pages or fewer levels.`,
        { limit, actual: cost },
      );
    if (key !== null && costs.size < REMEMBERED_COSTS) costs.set(key, cost);
  };
}

/** `createCostLimit` for Apollo Server. */
export function costLimit(limit: number): ApolloServerPlugin {
  const check = createCostLimit(limit);
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ schema, request, document, operationName }) =>
        check({ schema, document, operationName, variables: request.variables ?? {} }),
    }),
  };
}

const REMEMBERED_COSTS = 100;
const LONGEST_KEY = 500;

/** Null for variables that are too much to remember, such as texts and files. */
function keyOf({ operationName, variables }: AskedOperation): string | null {
  const values = Object.values(variables);
  if (values.some((value) => typeof value === "object" && value !== null)) return null;
  const key = JSON.stringify([operationName, variables]);
  return key.length <= LONGEST_KEY ? key : null;
}

/** @throws BAD_USER_INPUT when the variables or arguments are wrong, so that nothing of it is executed unweighed */
function costOf({ schema, document: query, operationName, variables }: AskedOperation): number {
  try {
    return getComplexity({
      schema,
      query,
      variables: { ...variables },
      ...(operationName !== null && { operationName }),
      estimators: [estimate],
      maxQueryNodes: MAX_NODES,
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (error.nodes !== undefined)
      throw new GraphQLError(error.message, {
        nodes: error.nodes,
        extensions: { code: ApolloServerErrorCode.BAD_USER_INPUT, http: { status: 400 } },
      });
    throw tooComplex(`This operation has more than ${MAX_NODES} fields when its fragments are written out.`, {
      limit: MAX_NODES,
    });
  }
}

const tooComplex = (message: string, figures: Record<string, number>) =>
  new GraphQLError(message, {
    originalError: new FiledeskError("QUERY_TOO_COMPLEX", message, figures),
    extensions: { http: { status: 400 } },
  });
