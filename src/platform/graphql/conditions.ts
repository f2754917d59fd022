import type { ASTNode, DocumentNode, GraphQLSchema } from "graphql";
import { BREAK, getNamedType, isAbstractType, TypeInfo, visit, visitWithTypeInfo } from "graphql";

/** Whether a part of a document has directives such as `@skip` or `@include`. */
export function hasConditions(part: ASTNode): boolean {
  let found = false;
  visit(part, {
    Directive() {
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** Whether a document selects a field whose type is an interface or a union. */
export function asksForAbstractTypes(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let found = false;
  const visitor = visitWithTypeInfo(types, {
    Field() {
      if (!isAbstractType(getNamedType(types.getType()))) return;
      found = true;
      return BREAK;
    },
  });
  visit(document, visitor);
  return found;
}
