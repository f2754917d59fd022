import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { GraphQLSchema, OperationDefinitionNode } from "graphql";
import { getVariableValues } from "graphql";
import { tooComplex, withCode } from "./refusals.js";

/** Limits of a request's variables. The length of a list or text is limited by its input type. */
export const VARIABLE_LIMITS = {
  /** Values of all variables, including lists and objects and the values in them. */
  values: 1_000,
  /** Nesting depth of lists and objects. */
  nesting: 10,
} as const;

export type Variables = Readonly<Record<string, unknown>>;

/**
 * Coerces the variables of an operation to their types. @throws GraphQLError BAD_USER_INPUT for the first invalid one
 */
export type CoerceVariables = (operation: OperationDefinitionNode, variables: Variables) => Variables;

export interface CoercionRules {
  readonly schema: GraphQLSchema;
  /** Whether errors may suggest names of the schema. */
  readonly introspection: boolean;
}

/** Coerces each set of variables once, although both cost analysis and execution need it. */
export function createCoercion({ schema, introspection }: CoercionRules): CoerceVariables {
  const known = new WeakMap<Variables, Variables>();
  // Each error contains the invalid value: one is enough.
  const options = { maxErrors: 1, hideSuggestions: !introspection };
  return (operation, variables) => {
    const found = known.get(variables);
    if (found) return found;
    const { coerced, errors } = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      variables,
      options,
    );
    const [error] = errors ?? [];
    if (error) throw withCode(error, ApolloServerErrorCode.BAD_USER_INPUT);
    known.set(variables, coerced ?? {});
    return coerced ?? {};
  };
}

/**
 * Checks variables before they are coerced, because coercion would already build large lists.
 *
 * @throws GraphQLError QUERY_TOO_COMPLEX
 */
export function limitVariables(variables: unknown): void {
  const { values, nesting } = VARIABLE_LIMITS;
  let count = 0;
  let level: unknown[] = [variables];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > nesting)
      throw tooComplex(`The variables nest deeper than ${nesting} levels.`, { limit: nesting });
    const below: unknown[] = [];
    for (const value of level)
      for (const part of partsOf(value)) {
        if (++count > values)
          throw tooComplex(`The variables hold more than ${values} values: send several requests.`, {
            limit: values,
          });
        if (typeof part === "object" && part !== null) below.push(part);
      }
    level = below;
  }
}

/** The parts of a JSON list or object; an upload has none. */
function* partsOf(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) yield* value;
  else if (isPlain(value)) for (const name in value) yield value[name];
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
