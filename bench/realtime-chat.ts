import type postgres from "postgres";
import type { Room } from "./conversation.js";
import { openRoom } from "./conversation.js";
import type { CrowdProcess } from "./crowd.js";
import { gather } from "./crowd.js";
import type { Person } from "./desk-client.js";
import { call, signIn } from "./desk-client.js";
import type { ServerProcess } from "./processes.js";
import { startFloor } from "./processes.js";
import type { OpenGround } from "./scenario.js";

const SECRET = "a secret for benchmarks alone, which nobody has to guess";
const FILE_NAME = "lift.txt";

/** Postgres then knows when what was committed, to measure from. */
export const SETTINGS = { track_commit_timestamp: "on" };

/** @param ofFiles what is asked of a message's files */
const following = (ofFiles: string) => `subscription ($conversationId: ID!, $after: String) {
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

/** The same for all who are told of a message. */
export const IN_COMMON = following("fileName");
/** With URLs that are signed for each of them. */
export const THEIR_OWN = following("fileName url");

const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }`;

/** A server, and how one speaks in its only conversation. */
export interface Chat {
  readonly server: ServerProcess;
  /** Lets so many follow it. */
  gather(followers: number): Promise<CrowdProcess>;
  send(body: string, hasFile: boolean): Promise<void>;
  /** When each message from this one on was committed, in milliseconds since 1970. */
  commitsFrom(first: number): Promise<readonly number[]>;
}

export async function openFloor(): Promise<Chat> {
  const server = await startFloor("a bare ws broadcast", "realtime.floor.js", [crypto.randomUUID()]);
  const received: number[] = [];
  return {
    server,
    gather: (followers) =>
      gather({ port: server.port, tokens: Array.from({ length: followers }, () => ""), request: {} }),
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
  /** How many there can be. */
  readonly followers: number;
  readonly query: string;
}

export async function openChat(
  ground: OpenGround,
  sql: postgres.Sql,
  { followers, query }: ChatOptions,
): Promise<Chat> {
  const server = await ground.start({ WORKER: "off", AUTH_SECRET: SECRET });
  const agent = await signIn(server.port, "agent@acme.test");
  const room = await openRoom({ sql, port: server.port, agent, secret: SECRET, followers });
  return {
    server,
    gather: (count) =>
      gather({
        port: server.port,
        tokens: room.tokens.slice(0, count),
        // From the beginning of the log, so that all have the same messages, whoever comes first.
        request: { query, variables: { conversationId: room.conversationId, after: "0" } },
      }),
    send: (body, hasFile) => say({ port: server.port, agent, room }, body, hasFile),
    commitsFrom: async (first) => {
      const rows = await sql<{ at: number }[]>`
        select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from chat_messages
        where conversation_id = ${room.conversationId} order by number offset ${first}`;
      return rows.map(({ at }) => at);
    },
  };
}

interface Speaker {
  readonly port: number;
  readonly agent: Person;
  readonly room: Room;
}

async function say({ port, agent: { token }, room }: Speaker, body: string, hasFile: boolean): Promise<void> {
  const { conversationId } = room;
  const input = { conversationId, body, ...(hasFile && { files: [null] }) };
  const operations = JSON.stringify({ query: SEND, variables: { input } });
  const form = new FormData();
  form.set("operations", operations);
  form.set("map", JSON.stringify({ 0: ["variables.input.files.0"] }));
  form.set("0", new File([`of message ${body}\n`], FILE_NAME, { type: "text/plain" }));
  await call(port, token, hasFile ? form : operations);
}
