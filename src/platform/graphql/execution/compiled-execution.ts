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

/** Apollo Server's interface for custom execution. */
type Gateway = NonNullable<ApolloServerOptionsWithGateway<BaseContext>["gateway"]>;

interface Compiled {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

interface Operation extends Compiled {
  readonly context: unknown;
  readonly variables: Variables;
  /** The root value of a subscription: the delivered event. */
  readonly root?: unknown;
}

/** Compiling blocks the event loop for about a millisecond per ten fields, so larger documents are interpreted. */
const MAX_COMPILED_FIELDS = 300;
/** The caller for compilations, whoever sent the document. */
const COMPILER: Caller = { key: "compiler", isAnonymous: false };

export interface ExecutionRules {
  readonly schema: GraphQLSchema;
  readonly preparations: PreparationTurns;
}

/** Runs the execution of an operation and observes it from outside. */
export type ObserveOperation = <Result>(
  operation: OperationDefinitionNode,
  work: () => Promise<Result>,
) => Promise<Result>;

/** Executes an operation. A result has at most `MAX_ERRORS` errors. */
export type Execution = (request: Operation) => ExecutionResult | Promise<ExecutionResult>;

/** Makes Apollo Server execute operations with `createExecution`. */
export function compiledExecution(
  rules: ExecutionRules & { readonly observeOperation?: ObserveOperation | undefined },
  coerce: CoerceVariables,
): Gateway {
  const { schema, observeOperation = (_operation, work) => work() } = rules;
  const execution = createExecution(rules, coerce);
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: "" });
      return () => {};
    },
    load: async () => ({
      executor: async ({ document, operation, context, request }) =>
        observeOperation(operation, async () =>
          execution({ document, operation, context, variables: request.variables ?? {} }),
        ),
    }),
    stop: async () => {},
  };
}

/**
 * Executes queries, and each event of a subscription, as functions compiled by graphql-jit, which saves most of the
 * time that GraphQL takes besides the resolvers. A query is compiled in the background when it is executed for the
 * second time, so that a query that is sent only once costs nothing extra and no request waits for compilation. The
 * compiled function is cached with its document. Mutations are interpreted, because their time is spent elsewhere.
 *
 * In a compiled query, a field without a resolver is read as a plain property: functions and promises are not
 * supported.
 */
export function createExecution(
  { schema, preparations }: ExecutionRules,
  coerce: CoerceVariables,
): Execution {
  const interpret: Execution = (request) => settled(interpreted(schema, request), (result) => result);
  const compile = ({ document, operation }: Compiled): Execution => {
    if (measureDocument(document, DOCUMENT_LIMITS.nesting).fields > MAX_COMPILED_FIELDS) return interpret;
    // graphql-jit does not apply conditions inside abstract types: excluded fields would be in the response.
    if (hasConditions(document) && asksForAbstractTypes(schema, document)) return interpret;
    const compiled = compileQuery(schema, document, operation.name?.value);
    // GraphQL's own coercion comes first: that of graphql-jit ignores default values inside of inputs.
    return isCompiledQuery(compiled)
      ? ({ root, context, operation, variables }) =>
          settled(compiled.query(root, context, coerce(operation, variables)), ownErrors)
      : interpret;
  };
  const executions = new WeakMap<OperationDefinitionNode, Execution>();
  async function compileInTurn(request: Compiled): Promise<void> {
    const endTurn = await preparations.begin(COMPILER);
    try {
      executions.set(request.operation, compile(request));
    } finally {
      endTurn();
    }
  }
  const interpretAndCompile: Execution = (request) => {
    const { document, operation } = request;
    executions.set(operation, interpret);
    // If it is refused now, it is retried with the next execution.
    compileInTurn({ document, operation }).catch(() => executions.set(operation, interpretAndCompile));
    return interpret(request);
  };
  return (request) => {
    const execution = executions.get(request.operation);
    if (execution) return execution(request);
    const isMutation = request.operation.operation === OperationTypeNode.MUTATION;
    executions.set(request.operation, isMutation ? interpret : interpretAndCompile);
    return interpret(request);
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
    // The cost analysis has already coerced them, so they are valid.
    variableValues: variables,
  }) as ExecutionResult | Promise<ExecutionResult>;

/** Limits the errors of a result before `finish` converts them. */
function settled(
  result: ExecutionResult | Promise<ExecutionResult>,
  finish: (result: ExecutionResult) => ExecutionResult,
): ExecutionResult | Promise<ExecutionResult> {
  const bounded = (made: ExecutionResult): ExecutionResult =>
    made.errors ? finish({ ...made, errors: made.errors.slice(0, MAX_ERRORS) }) : made;
  return "then" in result ? result.then(bounded) : bounded(result);
}

/** Converts graphql-jit's errors to GraphQLError. */
function ownErrors(result: ExecutionResult): ExecutionResult {
  const errors = (result.errors ?? []).map(({ message, locations, path, originalError }) =>
    Object.assign(
      new GraphQLError(message, { path: path ?? null, originalError: originalError ?? null }),
      locations && { locations },
    ),
  );
  return { ...result, errors };
}
