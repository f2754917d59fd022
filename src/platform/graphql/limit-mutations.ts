import type { GraphQLSchema } from "graphql";
import { inMutationSlots } from "./read-slots.js";

/** Decides whether a mutation may go on. @throws whatever refuses it */
export type AdmitMutation<Context> = (context: Context, mutation: string) => Promise<void>;

export interface MutationRules<Context> {
  readonly admit: AdmitMutation<Context>;
  /** Mutations that compute for long: they have turns of their own, and hold no connection meanwhile. */
  readonly computing: ReadonlySet<string>;
}

/** Asks before each field of Mutation, whatever module it is of: none can be forgotten. */
export function limitMutations<Context extends object>(
  schema: GraphQLSchema,
  { admit, computing }: MutationRules<Context>,
): GraphQLSchema {
  for (const [name, field] of Object.entries(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (!resolve) continue;
    field.resolve = (root, args, context: Context, info) => {
      const mutate = async () => {
        await admit(context, name);
        return resolve(root, args, context, info);
      };
      return computing.has(name) ? mutate() : inMutationSlots(context, mutate);
    };
  }
  return schema;
}
