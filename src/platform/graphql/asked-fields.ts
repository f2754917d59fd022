import type { FieldNode, GraphQLResolveInfo, OperationDefinitionNode, SelectionSetNode } from "graphql";
import { Kind } from "graphql";
import { hasConditions } from "./conditions.js";

type Fragments = GraphQLResolveInfo["fragments"];

/** What lies between a connection and its items. */
const BETWEEN: ReadonlySet<string> = new Set(["nodes", "edges", "node"]);

/**
 * Says of a field's resolver whether what it gives is asked for a certain field: the object itself, or the items of a
 * connection. So that a long text can be read with its row where it is shown, and not at all elsewhere.
 *
 * It is never said wrongly, since what is not selected has not been paid for. Where a document leaves anything to
 * `@skip` or `@include`, the answer is no: who gets it must be able to read the field afterwards.
 */
function askingFor(name: string): (info: GraphQLResolveInfo) => boolean {
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
        BETWEEN.has(selection.name.value) &&
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

/** Whether an operation, with the fragments of its document, leaves anything to directives. */
function isConditional(operation: OperationDefinitionNode, fragments: Fragments): boolean {
  const known = conditional.get(operation);
  if (known !== undefined) return known;
  const answer = [operation, ...Object.values(fragments)].some(hasConditions);
  conditional.set(operation, answer);
  return answer;
}

/** Whether what a field gives is asked for its `body`. */
export const asksForBody = askingFor("body");
