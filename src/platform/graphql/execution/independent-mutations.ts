import type { GraphQLSchema } from "graphql";
import { getNullableType } from "graphql";
import { forgetLoaded } from "../loaders.js";

/**
 * Makes the mutations of one request independent of each other, whatever module they are of: none can be forgotten.
 *
 * Each is nullable. GraphQL gives no data at all, and does not go on, when a field at the top fails that must not be null;
 * what the mutations before it have done is done, and their answers would be lost.
 *
 * Each is answered with what is there behind it, not with what was read for the answer of one before it.
 */
export function independentMutations(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    field.type = getNullableType(field.type);
    const { resolve } = field;
    if (!resolve) continue;
    field.resolve = (root, args, context: object, info) => {
      forgetLoaded(context);
      return resolve(root, args, context, info);
    };
  }
  return schema;
}
