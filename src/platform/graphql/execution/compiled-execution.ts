import type { ApolloServerOptionsWithGateway, BaseContext } from "@apollo/server";
import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { execute, GraphQLError, OperationTypeNode } from "graphql";
import { compileQuery, isCompiledQuery } from "graphql-jit";
import { asksForAbstractTypes, hasConditions } from "../conditions.js";
import type { CoerceVariables, Variables } from "../documents/coerce-variables.js";
import { measureDocument } from "../documents/measure-document.js";
import type { Caller, PreparationTurns } from "../documents/preparation-turns.js";
import { DOCUMENT_LIMITS } from "../documents/read-document.js";
import { MAX_ERRORS } from "../error-format.js";

/** What Apollo Server calls a gateway: whoever executes its operations. */
type Gateway = NonNullable<ApolloServerOptionsWithGateway<BaseContext>["gateway"]>;

interface Compiled {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

interface Operation extends Compiled {
  readonly context: unknown;
  readonly variables: Variables;
  /** What a subscription's field is resolved from: what is delivered. */
  readonly root?: unknown;
}

/** Compiling takes a millisecond for ten fields or so, in one piece: larger documents are interpreted. */
const MAX_COMPILED_FIELDS = 300;
/** In whose turns documents are compiled, whoever sent them. */
const COMPILER: Caller = { key: "compiler", isAnonymous: false };

export interface ExecutionRules {
  readonly schema: GraphQLSchema;
  readonly preparations: PreparationTurns;
}

/** Whoever executes operations of one schema. Errors of an answer are no more than `MAX_ERRORS`. */
export type Execution = (asked: Operation) => ExecutionResult | Promise<ExecutionResult>;

/** Lets Apollo Server execute by `createExecution`. */
export function compiledExecution(rules: ExecutionRules, coerce: CoerceVariables): Gateway {
  const { schema } = rules;
  const execution = createExecution(rules, coerce);
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: "" });
      return () => {};
    },
    load: async () => ({
      executor: async ({ document, operation, context, request }) =>
        execution({ document, operation, context, variables: request.variables ?? {} }),
    }),
    stop: async () => {},
  };
}

/**
 * Executes queries, and each event of a subscription, as functions compiled by graphql-jit, which spares most of what GraphQL costs beside the resolvers.
 * A query is compiled when it has come for the second time, in a turn of its own, so that one that comes once costs no more
 * than before, and nobody waits for it; it is forgotten with its document, which is kept parsed as long as there is room.
 * Mutations are interpreted: they have other costs.
 *
 * In a compiled query, a field without a resolver is the property of that name: no function, no promise.
 */
export function createExecution(
  { schema, preparations }: ExecutionRules,
  coerce: CoerceVariables,
): Execution {
  const interpret: Execution = (asked) => settled(interpreted(schema, asked), (result) => result);
  const compile = ({ document, operation }: Compiled): Execution => {
    if (measureDocument(document, DOCUMENT_LIMITS.nesting).fields > MAX_COMPILED_FIELDS) return interpret;
    // graphql-jit does not hand a condition down into the types that an object may have: what is left out is answered.
    if (hasConditions(document) && asksForAbstractTypes(schema, document)) return interpret;
    const compiled = compileQuery(schema, document, operation.name?.value);
    // GraphQL's own coercion goes first: that of graphql-jit does not know the default values inside of inputs.
    return isCompiledQuery(compiled)
      ? ({ root, context, operation, variables }) =>
          settled(compiled.query(root, context, coerce(operation, variables)), ownErrors)
      : interpret;
  };
  const ways = new WeakMap<OperationDefinitionNode, Execution>();
  async function compileInTurn(asked: Compiled): Promise<void> {
    const endTurn = await preparations.begin(COMPILER);
    try {
      ways.set(asked.operation, compile(asked));
    } finally {
      endTurn();
    }
  }
  const interpretAndCompile: Execution = (asked) => {
    const { document, operation } = asked;
    ways.set(operation, interpret);
    // When it cannot be now, it is when the query comes again.
    compileInTurn({ document, operation }).catch(() => ways.set(operation, interpretAndCompile));
    return interpret(asked);
  };
  return (asked) => {
    const way = ways.get(asked.operation);
    if (way) return way(asked);
    const isMutation = asked.operation.operation === OperationTypeNode.MUTATION;
    ways.set(asked.operation, isMutation ? interpret : interpretAndCompile);
    return interpret(asked);
  };
}

const interpreted = (
  schema: GraphQLSchema,
  { document, operation, context, variables, root }: Operation,
): ExecutionResult | Promise<ExecutionResult> =>
  execute({
    schema,
    document,
    operationName: operation.name?.value ?? null,
    rootValue: root,
    contextValue: context,
    // They have been coerced before, to be weighed: they are right.
    variableValues: variables,
  }) as ExecutionResult | Promise<ExecutionResult>;

/** A result whose errors, in whatever form they are, are no more than an answer has. */
function settled(
  result: ExecutionResult | Promise<ExecutionResult>,
  finish: (result: ExecutionResult) => ExecutionResult,
): ExecutionResult | Promise<ExecutionResult> {
  const bounded = (made: ExecutionResult): ExecutionResult =>
    made.errors ? finish({ ...made, errors: made.errors.slice(0, MAX_ERRORS) }) : made;
  return "then" in result ? result.then(bounded) : bounded(result);
}

/** graphql-jit has an error of its own, which lacks the parts that GraphQL's own always has. */
function ownErrors(result: ExecutionResult): ExecutionResult {
  const errors = (result.errors ?? []).map(({ message, locations, path, originalError }) =>
    Object.assign(
      new GraphQLError(message, { path: path ?? null, originalError: originalError ?? null }),
      locations && { locations },
    ),
  );
  return { ...result, errors };
}
