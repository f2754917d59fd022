import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { lexicographicSortSchema, printSchema } from "graphql";
import type { NonEmptyArray, PubSub } from "type-graphql";
import { buildSchema } from "type-graphql";
import { resolveTypesAtOnce } from "../../platform/graphql/abstract-types.js";
import { independentMutations } from "../../platform/graphql/execution/independent-mutations.js";
import { chatResolvers } from "./chat-resolvers.js";
import { identityResolvers } from "./identity-resolvers.js";
import { mediaResolvers } from "./media-resolvers.js";
import type { Services } from "./services.js";
import { ticketResolvers } from "./ticket-resolvers.js";

const resolvers = [...identityResolvers, ...mediaResolvers, ...ticketResolvers, ...chatResolvers];

/** The executable schema; without services it can only be printed. */
export async function createSchema(services?: Services): Promise<GraphQLSchema> {
  const instances = new Map<unknown, object>(
    services ? resolvers.map(([type, make]) => [type, make(services)]) : [],
  );
  const schema = await buildSchema({
    resolvers: resolvers.map(([type]) => type) as unknown as NonEmptyArray<new () => object>,
    container: { get: (type: unknown) => instances.get(type) },
    validate: true,
    pubSub: unused,
    emitSchemaFile: false,
    // Skips the validation of the whole schema, which was done when schema.graphql was printed.
    skipCheck: services !== undefined,
  });
  return independentMutations(resolveTypesAtOnce(schema));
}

/** type-graphql requires a PubSub for subscriptions. Ours do not use it: see `SubscriptionContext`. */
const unused: PubSub = {
  publish: () => neverUsed(),
  subscribe: () => neverUsed(),
};

function neverUsed(): never {
  throw new Error("a subscription has no `subscribe` of its own");
}

const HEADER = "# Made by `npm run generate` from the resolvers in src/. Do not edit.\n\n";

/** The schema in the GraphQL schema language, sorted alphabetically, as in `schema.graphql`. */
export async function printedSchema(): Promise<string> {
  return `${HEADER}${printSchema(lexicographicSortSchema(await createSchema()))}\n`;
}
