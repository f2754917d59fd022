import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { postOperation } from "./schema-operations.js";
import { bearer } from "./test-client.js";
import type { TestServer } from "./test-server.js";
import type { Walk } from "./walk-schema.js";
import { eventKinds, eventSelection, readEvent } from "./walk-schema.js";
import type { WalkedWorld } from "./walked-world.js";
import type { Walker } from "./walker-reach.js";

const ARGUMENT: Readonly<Record<string, string>> = {
  conversationEvents: "conversationId",
  mediaFileEvents: "companyId",
  ticketEvents: "ticketId",
};

const UNLOGGED = ["TypingStarted", "PresenceChanged"];

/** A websocket of somebody's, which does not come back by itself. */
export const clientOf = ({ url }: Pick<TestServer, "url">, { token }: Pick<Walker, "token">) =>
  createClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: bearer(token),
  });

/** The events of what is theirs, from the beginning. */
export async function followOwn(world: WalkedWorld, walker: Walker, walk: Walk): Promise<void> {
  const { acme, globex, server } = world;
  const [ticket] = await server.database.sql<{ topic: string }[]>`
    select topic from event_topics where company_id = ${globex.id} and topic like 'ticket:%' order by sequence desc`;
  if (walker.name === "stranger") await follow(world, walker, walk, "ticketEvents", ticket!.topic);
  if (walker.name === "strangeAgent" || walker.name === "strangeKey")
    await follow(world, walker, walk, "mediaFileEvents", `media:${globex.id}`);
  if (walker.name === "guest")
    await follow(world, walker, walk, "conversationEvents", `conversation:${acme.lobby.id}`);
  if (walker.name === "guest") await watchOthers(world, walker, walk, acme.lobby.id);
}

async function follow(
  { server }: WalkedWorld,
  walker: Walker,
  walk: Walk,
  field: string,
  topic: string,
): Promise<void> {
  const { sql } = server.database;
  // A key is not told of all; of its own files it is.
  const ofOwn = sql`and payload->>'mediaFileId' in (select id::text from media_files where uploader_api_key_id is not null)`;
  const [row] = await sql<{ last: string }[]>`
    select max(sequence)::text as last from events
    where topic = ${topic} ${walker.name === "strangeKey" ? ofOwn : sql``}`;
  const argument = ARGUMENT[field];
  const asked = `${field}(${argument}: "${topic.split(":")[1]}", after: "0")`;
  for (const kinds of eventKinds(field, walk)) {
    const selected = `${asked} ${eventSelection(field, walk, kinds)}`;
    for await (const told of eventsOf(server, walker, walk, selected))
      if (Object.values(told).includes(row!.last)) break;
  }
}

/** What stands in no log: who writes, and who comes and goes. */
async function watchOthers(
  { server }: WalkedWorld,
  walker: Walker,
  walk: Walk,
  conversationId: string,
): Promise<void> {
  const agent = await server.signInAs("agent@acme.test");
  const asked = `conversationEvents(conversationId: "${conversationId}", presence: true)`;
  const selected = `${asked} ${eventSelection("conversationEvents", walk, UNLOGGED)}`;
  const [mine, theirs] = [walker, { token: agent.token }].map((each) =>
    eventsOf(server, each, walk, selected),
  );
  const met = new Set<unknown>();
  const coming = theirs!.next();
  const typing = setInterval(() => {
    void postOperation(
      server.url,
      `mutation { told: startTyping(conversationId: "${conversationId}") }`,
      {},
      agent.token,
    );
  }, 50);
  for await (const told of mine!) {
    met.add((told.ConversationEventEdge__event as { __typename: string }).__typename);
    if (met.has("TypingStarted") && met.has("PresenceChanged")) break;
  }
  clearInterval(typing);
  await coming;
  await theirs!.return(undefined);
}

/** One after the other, each read into the walk. */
async function* eventsOf(server: TestServer, walker: Pick<Walker, "token">, walk: Walk, selected: string) {
  const client = clientOf(server, walker);
  try {
    const query = `subscription { told: ${selected} }`;
    for await (const { data, errors } of client.iterate<{ told: Record<string, unknown> }>({ query })) {
      if (errors) throw new Error(JSON.stringify(errors));
      readEvent(walk, data!.told);
      yield data!.told;
    }
  } finally {
    await client.dispose();
  }
}
