import type { GraphQLSchema } from "graphql";
import { getNullableType } from "graphql";
import { forgetLoaded } from "../loaders.js";

/**
 * Makes the mutations of one request independent of each other. It applies to all fields of Mutation, including new
 * ones.
 *
 * Each mutation is nullable. If a non-null root field failed, GraphQL would stop and return no data at all, and the
 * results of the mutations before it would be lost although they have been carried out.
 *
 * Each mutation clears the loaders, so that its result shows the state after it and not data that was read for an
 * earlier one.
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
