import type { ApolloServerOptionsWithGateway, BaseContext } from "@apollo/server";
import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { execute, GraphQLError, getVariableValues, OperationTypeNode } from "graphql";
import type { CompiledQuery } from "graphql-jit";
import { compileQuery, isCompiledQuery } from "graphql-jit";

/** What Apollo Server calls a gateway: whoever executes its operations. */
type Gateway = NonNullable<ApolloServerOptionsWithGateway<BaseContext>["gateway"]>;

interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly context: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What a subscription's field is resolved from: what is delivered. */
  readonly root?: unknown;
}

/** Whoever executes operations of one schema. */
export type Execution = (asked: Omit<Operation, "schema">) => ExecutionResult | Promise<ExecutionResult>;

/** Lets Apollo Server execute by `createExecution`. */
export function compiledExecution(schema: GraphQLSchema): Gateway {
  const execution = createExecution(schema);
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
 * A query is compiled when it comes for the second time, so that one that comes once costs no more than before; it is
 * forgotten with its document, which is kept parsed as long as there is room. Mutations are interpreted: they have
 * other costs.
 *
 * In a compiled query, a field without a resolver is the property of that name: no function, no promise.
 */
export function createExecution(schema: GraphQLSchema): Execution {
  const ways = new WeakMap<OperationDefinitionNode, Way>();
  const compileAndRun: Way = (asked) => {
    const way = compile(asked);
    ways.set(asked.operation, way);
    return way(asked);
  };
  return (asked) => {
    const way = ways.get(asked.operation);
    if (way) return way({ schema, ...asked });
    const isMutation = asked.operation.operation === OperationTypeNode.MUTATION;
    ways.set(asked.operation, isMutation ? interpret : compileAndRun);
    return interpret({ schema, ...asked });
  };
}

type Way = (asked: Operation) => ExecutionResult | Promise<ExecutionResult>;

function compile({ schema, document, operation }: Operation): Way {
  const compiled = compileQuery(schema, document, operation.name?.value);
  return isCompiledQuery(compiled) ? (asked) => runCompiled(compiled, asked) : interpret;
}

const interpret: Way = ({ schema, document, operation, context, variables, root }: Operation) =>
  execute({
    schema,
    document,
    operationName: operation.name?.value ?? null,
    rootValue: root,
    contextValue: context,
    variableValues: variables,
  });

/** GraphQL's own coercion goes first: that of graphql-jit does not know the default values inside of inputs. */
function runCompiled(compiled: CompiledQuery, asked: Operation): ExecutionResult | Promise<ExecutionResult> {
  const { coerced, errors } = asked.root === undefined ? coercedOf(asked) : coercedOnce(asked);
  if (errors) return { errors };
  const result = compiled.query(asked.root, asked.context, coerced);
  return "then" in result ? result.then(ownErrors) : ownErrors(result);
}

const coercedOf = ({ schema, operation, variables }: Operation) =>
  getVariableValues(schema, operation.variableDefinitions ?? [], variables);

const known = new WeakMap<Operation["variables"], ReturnType<typeof coercedOf>>();

/** All events of a subscription are executed with the same variables. */
function coercedOnce(asked: Operation): ReturnType<typeof coercedOf> {
  const coerced = known.get(asked.variables) ?? coercedOf(asked);
  known.set(asked.variables, coerced);
  return coerced;
}

/** graphql-jit has an error of its own, which lacks the parts that GraphQL's own always has. */
function ownErrors(result: ExecutionResult): ExecutionResult {
  if (!result.errors) return result;
  const errors = result.errors.map(({ message, locations, path, originalError }) =>
    Object.assign(
      new GraphQLError(message, { path: path ?? null, originalError: originalError ?? null }),
      locations && { locations },
    ),
  );
  return { ...result, errors };
}
