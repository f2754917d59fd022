import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { DirectiveNode, DocumentNode, SelectionSetNode } from "graphql";
import { GraphQLError, Kind, OperationTypeNode } from "graphql";
import { rootSelections } from "./root-selections.js";

/**
 * Refuses `@skip` and `@include` on root fields of subscriptions, which have exactly one root field regardless of
 * variables (GraphQL, "Single Root Field"). GraphQL.js accepts these directives and fails if no field is left, and its
 * validation rules throw if a condition depends on a variable, so this check comes first.
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

/** The directives on root fields, including those in and on fragments. */
const conditionsIn = (document: DocumentNode, root: SelectionSetNode): readonly DirectiveNode[] =>
  rootSelections(document, root).flatMap(({ directives = [] }) =>
    directives.filter(({ name }) => name.value === "skip" || name.value === "include"),
  );
