import type { GraphQLSchema } from "graphql";
import { isAbstractType } from "graphql";
import { getMetadataStorage } from "type-graphql";

/**
 * Makes unions and interfaces resolve types synchronously. type-graphql wraps every `resolveType` in an asynchronous
 * function, which compiled queries do not support. Here they only return the type's name.
 */
export function resolveTypesAtOnce(schema: GraphQLSchema): GraphQLSchema {
  const { unions, interfaceTypes } = getMetadataStorage();
  for (const { name, resolveType } of [...unions, ...interfaceTypes]) {
    const type = schema.getType(name);
    if (isAbstractType(type) && resolveType) type.resolveType = resolveType as typeof type.resolveType;
  }
  return schema;
}
