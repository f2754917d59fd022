import type { GraphQLSchema } from "graphql";
import { isAbstractType } from "graphql";
import { getMetadataStorage } from "type-graphql";

/**
 * Lets unions and interfaces tell an object's type at once. type-graphql makes an asynchronous function of every
 * `resolveType`, and those are not for compiled queries. Ours give the type's name and nothing else.
 */
export function resolveTypesAtOnce(schema: GraphQLSchema): GraphQLSchema {
  const { unions, interfaceTypes } = getMetadataStorage();
  for (const { name, resolveType } of [...unions, ...interfaceTypes]) {
    const type = schema.getType(name);
    if (isAbstractType(type) && resolveType) type.resolveType = resolveType as typeof type.resolveType;
  }
  return schema;
}
