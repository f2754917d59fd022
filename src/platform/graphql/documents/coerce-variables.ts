import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { GraphQLSchema, OperationDefinitionNode } from "graphql";
import { getVariableValues } from "graphql";
import { tooComplex, withCode } from "./refusals.js";

/** How much may come in variables; how long a list or a text may be, its input says. */
export const VARIABLE_LIMITS = {
  /** Values of all variables, those in lists and objects counted, and the lists and objects themselves. */
  values: 1_000,
  /** Lists and objects in one another. */
  nesting: 10,
} as const;

export type Variables = Readonly<Record<string, unknown>>;

/** Gives the variables of an operation as its types say. @throws GraphQLError BAD_USER_INPUT for the first that is wrong */
export type CoerceVariables = (operation: OperationDefinitionNode, variables: Variables) => Variables;

export interface CoercionRules {
  readonly schema: GraphQLSchema;
  /** Whether names of the schema are suggested to who misspells one. */
  readonly introspection: boolean;
}

/** Coerces what came once, however many ask for it: whoever weighs an operation, and whoever executes it. */
export function createCoercion({ schema, introspection }: CoercionRules): CoerceVariables {
  const known = new WeakMap<Variables, Variables>();
  // Each error spells out the value that is wrong: one is enough.
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
 * Looks at what came as variables before anything is made of it: who looks at a list's length when it has been coerced has
 * built it first.
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

/** Of what came as JSON, one after the other; an upload is none of it. */
function* partsOf(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) yield* value;
  else if (isPlain(value)) for (const name in value) yield value[name];
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
