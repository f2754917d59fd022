import type postgres from "postgres";
import type { Room } from "./conversation.js";
import { openRoom } from "./conversation.js";
import type { Person } from "./desk-client.js";
import { call, signIn } from "./desk-client.js";
import type { ServerProcess } from "./processes.js";
import { startFloor } from "./processes.js";
import type { BenchEnvironment } from "./scenario.js";
import type { SubscribersProcess } from "./subscribers-process.js";
import { startSubscribers } from "./subscribers-process.js";

const SECRET = "a secret for benchmarks alone, which nobody has to guess";
const FILE_NAME = "lift.txt";

/** Lets Postgres record the time of each commit, from which deliveries are measured. */
export const SETTINGS = { track_commit_timestamp: "on" };

/** @param ofFiles the fields of a message's files */
const subscriptionOf = (ofFiles: string) => `subscription ($conversationId: ID!, $after: String) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    cursor
    event {
      __typename
      ... on MessageAdded {
        message {
          id
          body
          sender { __typename ... on User { id name } ... on Guest { id displayName } }
          attachments(first: 10) { nodes { ${ofFiles} } }
        }
      }
    }
  }
}`;

/** A query with the same result for all subscribers. */
export const SHARED_QUERY = subscriptionOf("fileName");
/** A query with URLs that are signed for each subscriber. */
export const PERSONAL_QUERY = subscriptionOf("fileName url");

const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }`;

/** A server with one conversation. */
export interface Chat {
  readonly server: ServerProcess;
  /** Starts this many subscribers. */
  subscribe(followers: number): Promise<SubscribersProcess>;
  send(body: string, hasFile: boolean): Promise<void>;
  /** When each message from this one on was committed, in milliseconds since 1970. */
  commitsFrom(first: number): Promise<readonly number[]>;
}

export async function openFloor(): Promise<Chat> {
  const server = await startFloor("a bare ws broadcast", "realtime.floor.js", [crypto.randomUUID()]);
  const received: number[] = [];
  return {
    server,
    subscribe: (followers) =>
      startSubscribers({
        port: server.port,
        tokens: Array.from({ length: followers }, () => ""),
        request: {},
      }),
    async send(body, hasFile) {
      const message = JSON.stringify({ body, fileName: hasFile ? FILE_NAME : null });
      const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", body: message });
      await answer.text();
      received.push(Number(answer.headers.get("x-received-at")));
    },
    commitsFrom: async (first) => received.slice(first),
  };
}

export interface ChatOptions {
  /** The maximum number of subscribers. */
  readonly subscribers: number;
  readonly query: string;
}

export async function openChat(
  environment: BenchEnvironment,
  sql: postgres.Sql,
  { subscribers, query }: ChatOptions,
): Promise<Chat> {
  const server = await environment.start({ WORKER: "off", AUTH_SECRET: SECRET });
  const agent = await signIn(server.port, "agent@acme.test");
  const room = await openRoom({ sql, port: server.port, agent, secret: SECRET, subscribers });
  return {
    server,
    subscribe: (count) =>
      startSubscribers({
        port: server.port,
        tokens: room.tokens.slice(0, count),
        // From the beginning of the log, so that all get the same messages, regardless of when they subscribe.
        request: { query, variables: { conversationId: room.conversationId, after: "0" } },
      }),
    send: (body, hasFile) => sendMessage({ port: server.port, agent, room }, body, hasFile),
    commitsFrom: async (first) => {
      const rows = await sql<{ at: number }[]>`
        select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from chat_messages
        where conversation_id = ${room.conversationId} order by number offset ${first}`;
      return rows.map(({ at }) => at);
    },
  };
}

interface Sender {
  readonly port: number;
  readonly agent: Person;
  readonly room: Room;
}

async function sendMessage(
  { port, agent: { token }, room }: Sender,
  body: string,
  hasFile: boolean,
): Promise<void> {
  const { conversationId } = room;
  const input = { conversationId, body, ...(hasFile && { files: [null] }) };
  const operations = JSON.stringify({ query: SEND, variables: { input } });
  const form = new FormData();
  form.set("operations", operations);
  form.set("map", JSON.stringify({ 0: ["variables.input.files.0"] }));
  form.set("0", new File([`of message ${body}\n`], FILE_NAME, { type: "text/plain" }));
  await call(port, token, hasFile ? form : operations);
}
