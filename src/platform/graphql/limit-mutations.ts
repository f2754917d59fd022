import type { GraphQLSchema } from "graphql";

/** Decides whether a mutation may go on. @throws whatever refuses it */
export type AdmitMutation<Context> = (context: Context, mutation: string) => Promise<void>;

/** Asks before each field of Mutation, whatever module it is of: none can be forgotten. */
export function limitMutations<Context>(schema: GraphQLSchema, admit: AdmitMutation<Context>): GraphQLSchema {
  for (const [name, field] of Object.entries(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (!resolve) continue;
    field.resolve = async (root, args, context: Context, info) => {
      await admit(context, name);
      return resolve(root, args, context, info);
    };
  }
  return schema;
}
