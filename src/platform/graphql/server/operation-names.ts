import type { GraphQLSchema, OperationDefinitionNode } from "graphql";
import { Kind } from "graphql";

/** The name for operations that have none in a bounded set. */
export const OTHER_OPERATION = "other";

/** The label of an operation. */
export type NameOperation = (operation: OperationDefinitionNode | null | undefined) => string;

/**
 * Names operations by a bounded set, however many names clients think of: their own name if it is one of `listed`,
 * otherwise the name of their root field if they have just one, otherwise `other`.
 *
 * @param listed names of operations that the operator wants to see by themselves
 */
export function boundedNames(schema: GraphQLSchema, listed: readonly string[]): NameOperation {
  const wanted = new Set(listed);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = new Set(roots.flatMap((type) => Object.keys(type?.getFields() ?? {})));
  return (operation) => {
    const name = operation?.name?.value;
    if (name !== undefined && wanted.has(name)) return name;
    const [field, second] = operation?.selectionSet.selections ?? [];
    if (field?.kind !== Kind.FIELD || second !== undefined) return OTHER_OPERATION;
    return fields.has(field.name.value) ? field.name.value : OTHER_OPERATION;
  };
}
