import type { GraphQLSchema } from "graphql";
import { inMutationSlots } from "./read-slots.js";

/** Decides whether a mutation may run. @throws the refusal */
export type AdmitMutation<Context> = (context: Context, mutation: string) => Promise<void>;

export interface MutationRules<Context> {
  readonly admit: AdmitMutation<Context>;
  /** Mutations with long computations: they limit themselves, and hold no database connection meanwhile. */
  readonly computing: ReadonlySet<string>;
}

/** Runs `admit` before every mutation, so that new mutations are limited automatically. */
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
