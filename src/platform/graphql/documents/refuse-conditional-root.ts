import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { DirectiveNode, DocumentNode, SelectionSetNode } from "graphql";
import { GraphQLError, Kind, OperationTypeNode } from "graphql";

/**
 * A subscription has one field at its root, whatever its variables say: `@skip` and `@include` have no place there
 * (GraphQL, "Single Root Field"). GraphQL.js takes them, and fails when nothing is left to follow; its own rules throw
 * where such a condition depends on a variable, so this is looked at before them.
 *
 * @throws GRAPHQL_VALIDATION_FAILED
 */
export function refuseConditionalRoots(document: DocumentNode): void {
  const nodes = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.SUBSCRIPTION
      ? conditionsIn(document, definition.selectionSet)
      : [],
  );
  if (nodes.length > 0)
    throw new GraphQLError(CONDITIONAL, {
      nodes,
      extensions: { code: ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED, http: { status: 400 } },
    });
}

const CONDITIONAL =
  "A subscription's field takes no `@skip` or `@include`, and no fragment around it does: leave the subscription out instead.";

/** What makes fields of the root depend on a condition, in fragments as well. */
function conditionsIn(document: DocumentNode, root: SelectionSetNode): DirectiveNode[] {
  const found: DirectiveNode[] = [];
  const seen = new Set([root]);
  // What is added on the way is looked at too.
  for (const { selections } of seen)
    for (const selection of selections) {
      const { directives = [] } = selection;
      found.push(...directives.filter(({ name }) => name.value === "skip" || name.value === "include"));
      if (selection.kind === Kind.INLINE_FRAGMENT) seen.add(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        for (const each of document.definitions)
          if (each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value)
            seen.add(each.selectionSet);
    }
  return found;
}
