import type { FieldNode, GraphQLResolveInfo, OperationDefinitionNode, SelectionSetNode } from "graphql";
import { Kind } from "graphql";
import { hasConditions } from "./conditions.js";

type Fragments = GraphQLResolveInfo["fragments"];

/** The fields between a connection and its items. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set(["nodes", "edges", "node"]);

/**
 * Returns a function that checks for a resolver whether a field of its object, or of the items of its connection, is
 * selected, so that a long text is read with its row only if needed.
 *
 * `true` is always right, because fields that are not selected have not been paid for (`prices.ts`). For documents with
 * `@skip` or `@include` the answer is `false`, so the field needs a resolver that can load it later.
 */
function selects(name: string): (info: GraphQLResolveInfo) => boolean {
  const known = new WeakMap<FieldNode, boolean>();
  const isIn = ({ selections }: SelectionSetNode, fragments: Fragments): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments[selection.name.value];
        return fragment !== undefined && isIn(fragment.selectionSet, fragments);
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) return isIn(selection.selectionSet, fragments);
      if (selection.name.value === name) return true;
      return (
        CONNECTION_FIELDS.has(selection.name.value) &&
        selection.selectionSet !== undefined &&
        isIn(selection.selectionSet, fragments)
      );
    });
  return ({ fieldNodes, fragments, operation }) =>
    fieldNodes.some((node) => {
      const answer =
        known.get(node) ??
        (node.selectionSet !== undefined &&
          !isConditional(operation, fragments) &&
          isIn(node.selectionSet, fragments));
      known.set(node, answer);
      return answer;
    });
}

const conditional = new WeakMap<OperationDefinitionNode, boolean>();

/** Whether an operation or a fragment of its document has directives. */
function isConditional(operation: OperationDefinitionNode, fragments: Fragments): boolean {
  const known = conditional.get(operation);
  if (known !== undefined) return known;
  const answer = [operation, ...Object.values(fragments)].some(hasConditions);
  conditional.set(operation, answer);
  return answer;
}

/** Whether `body` is selected of the result of a field. */
export const asksForBody = selects("body");
