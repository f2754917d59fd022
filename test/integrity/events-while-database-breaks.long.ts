import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { print } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { followStream } from "../support/follow-stream.js";
import type { FollowMessagesWithAttachmentsSubscription } from "../support/generated/operations.js";
import {
  FollowMessagesWithAttachmentsDocument,
  SendMessageDocument,
  StartConversationDocument,
} from "../support/generated/operations.js";
import { until } from "../support/realtime-server.js";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import type { SignedIn, TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const MESSAGES = 80;
/** Longer than a single statement is tried again. */
const AWAY_MS = 400;
type Told = FollowMessagesWithAttachmentsSubscription["conversationEvents"];

let server: TestServer;
let agent: SignedIn;
let proxy: TcpProxy;
beforeAll(async () => {
  proxy = await startTcpProxy(new URL(process.env.TEST_DATABASE_URL!));
  server = await startTestServer({ proxy });
  agent = await server.signInAs("agent@acme.test");
});
afterAll(async () => {
  await server?.close();
  proxy?.close();
});

/** A client as Apollo has it, with what came besides events. */
function follow(conversationId: string) {
  const told: Told[] = [];
  const failures: unknown[] = [];
  const variables = { conversationId, after: "0" };
  const client = createClient({
    url: `${server.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${agent.token}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: () => pass(20),
  });
  client.subscribe<FollowMessagesWithAttachmentsSubscription>(
    { query: print(FollowMessagesWithAttachmentsDocument), variables },
    {
      next: ({ data, errors }) => {
        if (errors || !data) failures.push(errors);
        else {
          told.push(data.conversationEvents);
          variables.after = data.conversationEvents.cursor;
        }
      },
      error: (error) => failures.push(error),
      complete: () => {},
    },
  );
  return { told, failures, stop: async () => client.dispose() };
}

it("passes over no event while the database comes and goes, over websocket and event stream", async () => {
  const [company] = await server.database.sql<{ id: string }[]>`select id from companies where slug = 'acme'`;
  const started = await server.gql(
    StartConversationDocument,
    { input: { companyId: company!.id, participantIds: [] } },
    agent.token,
  );
  const conversationId = started.data!.startConversation.id;
  const sockets = [follow(conversationId), follow(conversationId)];
  const stream = followStream(server.url, `conversation:${conversationId}`, agent.token);
  let away: Promise<unknown> = Promise.resolve();
  for (let n = 0; n < MESSAGES; n++) {
    for (;;) {
      const input = { conversationId, clientId: `message ${n}`, body: `This is ${n}.` };
      const { errors } = await server.gql(SendMessageDocument, { input }, agent.token);
      if (!errors) break;
      await pass(5);
    }
    // Just now its event is being made, or soon will be.
    if (n % 5 === 0) away = pass(n % 8).then(() => proxy.goAway(AWAY_MS));
    else if (n % 5 === 4) await away;
  }
  await away;

  const log = await server.database.sql<{ sequence: string }[]>`
    select sequence::text from events where topic = ${`conversation:${conversationId}`} order by events.sequence`;
  const cursors = log.map(({ sequence }) => sequence);
  expect(cursors).toHaveLength(MESSAGES);
  const last = String(MESSAGES);
  await until(
    () => sockets.every(({ told }) => told.at(-1)?.cursor === last) && stream.events.at(-1)?.id === last,
  );
  for (const { told, failures, stop } of sockets) {
    await stop();
    expect(failures).toEqual([]);
    expect(told.map(({ cursor }) => cursor)).toEqual(cursors);
    for (const { event } of told)
      expect(event).toMatchObject({ __typename: "MessageAdded", message: { attachments: { nodes: [] } } });
  }
  await stream.stop();
  expect(stream.events.map(({ id }) => id)).toEqual(cursors);
  for (const { data } of stream.events) expect(JSON.parse(data).message.attachments.nodes).toEqual([]);
});
