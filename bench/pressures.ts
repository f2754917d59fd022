import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";

/** The server under pressure, and credentials and objects for it. */
export interface Target {
  readonly port: number;
  readonly customer: string;
  readonly guest: string;
  readonly conversationId: string;
  /** A URL of a file of several megabytes. */
  readonly fileUrl: string;
  /** Writes a message into the conversation. */
  say(text: string): Promise<unknown>;
}

export interface Pressure {
  readonly name: string;
  /** @returns the outcome, in a few words */
  press(target: Target, seconds: number): Promise<string>;
}

const AT_ONCE = 8;
const BOMBS = 1_000;
const IDLE_SOCKETS = 2_000;
const UNREAD = 200;
const SUBSCRIBES = 100_000;
const A_SOCKET = 5_000;
const GUEST_SOCKETS = 20;
const GUEST_SUBSCRIPTIONS = 50;
const MESSAGES = 30;
const BODY = Buffer.alloc(65_536, "x");

export const PRESSURES: readonly Pressure[] = [
  {
    name: "nothing",
    async press(_target, seconds) {
      await delay(seconds * 1_000);
      return "";
    },
  },
  {
    name: `${BOMBS.toLocaleString("en")} fragment bombs without a sign-in, ${AT_ONCE} at once`,
    async press({ port }) {
      const counted = count();
      let left = BOMBS;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          while (left-- > 0) counted(String(await postJson(port, JSON.stringify({ query: bomb(left) }))));
        }),
      );
      return counted.summary();
    },
  },
  {
    name: `unsolicited bodies, ${AT_ONCE} at once`,
    async press({ port }, seconds) {
      const counted = count();
      const until = performance.now() + seconds * 1_000;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, lane) => {
          while (performance.now() < until)
            counted(await sendBody(port, lane % 2 === 0 ? "/graphql" : "/nowhere"));
        }),
      );
      return counted.summary();
    },
  },
  {
    name: `${UNREAD} clients that request large responses and files, and read nothing`,
    async press(target, seconds) {
      const url = new URL(target.fileUrl);
      const list = JSON.stringify({ query: LARGE_LIST });
      const head = `host: 127.0.0.1\r\nauthorization: Bearer ${target.customer}\r\n`;
      const asks = [
        `GET ${url.pathname}${url.search} HTTP/1.1\r\n${head}\r\n`,
        `POST /graphql HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: ${list.length}\r\n\r\n${list}`.repeat(
          20,
        ),
      ];
      const sockets = Array.from({ length: UNREAD }, (_, n) => {
        const socket = connect(target.port, "127.0.0.1").on("error", () => {});
        socket.pause();
        socket.write(asks[n % asks.length] ?? "");
        return socket;
      });
      await delay(seconds * 1_000);
      const ended = sockets.filter(({ destroyed }) => destroyed).length;
      for (const socket of sockets) socket.destroy();
      return `${ended} ended by the server so far`;
    },
  },
  {
    name: `${IDLE_SOCKETS.toLocaleString("en")} connections without a request`,
    async press({ port }, seconds) {
      const sockets = Array.from({ length: IDLE_SOCKETS }, () =>
        connect(port, "127.0.0.1").on("error", () => {}),
      );
      await delay(seconds * 1_000);
      const open = sockets.filter(({ readyState }) => readyState === "open").length;
      for (const socket of sockets) socket.destroy();
      return `${open} open`;
    },
  },
  {
    name: `${SUBSCRIBES.toLocaleString("en")} subscribe messages of a customer`,
    async press({ port, customer, conversationId }) {
      const counted = count();
      let left = SUBSCRIBES;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          while (left > 0) {
            const socket = await openSocket(port, customer, counted);
            for (let n = 0; n < A_SOCKET && left > 0 && socket.readyState === WebSocket.OPEN; n++, left--) {
              socket.send(subscribe(String(n), conversationId, `e${left}`));
              if (n % 500 === 499) await delay(1);
            }
            const closed = new Promise((resolve) => socket.once("close", resolve));
            await Promise.race([closed, delay(500)]);
            socket.terminate();
            if (socket.readyState !== WebSocket.CLOSED) await closed;
          }
        }),
      );
      return counted.summary();
    },
  },
  {
    name: `a guest with ${(GUEST_SOCKETS * GUEST_SUBSCRIPTIONS).toLocaleString("en")} subscriptions to a conversation, and ${MESSAGES} messages`,
    async press({ port, guest, conversationId, say }) {
      const counted = count();
      const sockets: WebSocket[] = [];
      for (let n = 0; n < GUEST_SOCKETS; n++) {
        const socket = await openSocket(port, guest, counted).catch(() => null);
        if (!socket) continue;
        sockets.push(socket);
        for (let id = 0; id < GUEST_SUBSCRIPTIONS; id++)
          socket.send(subscribe(String(id), conversationId, `e${id % 10}`));
      }
      for (let n = 0; n < MESSAGES; n++) await say(`${n} Is anybody there?`);
      await delay(500);
      for (const socket of sockets) socket.terminate();
      return counted.summary();
    },
  },
];

const LARGE_LIST =
  "{ tickets(first: 50) { nodes { id subject description attachments(first: 10) { nodes { id fileName url } } } } }";

/** A document of some kilobytes that expands exponentially, different each time. */
function bomb(stamp: number): string {
  const levels = Array.from({ length: 40 }, (_, n) => `fragment f${n} on User { ...f${n + 1} ...f${n + 1} }`);
  return `query Q${stamp} { __typename viewer @include(if: false) { user { ...f0 } } } ${levels.join(" ")} fragment f40 on User { id }`;
}

const subscribe = (id: string, conversationId: string, alias: string): string =>
  JSON.stringify({
    id,
    type: "subscribe",
    payload: {
      query: `subscription ($id: ID!) { ${alias}: conversationEvents(conversationId: $id) { cursor event { __typename } } }`,
      variables: { id: conversationId },
    },
  });

async function postJson(port: number, body: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Sends a hundred megabytes, or as much as is accepted. @returns the status of the response */
const sendBody = (port: number, path: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    let status = "no answer";
    let left = 1_600;
    socket.once("data", (data: Buffer) => {
      status = data.toString("latin1", 9, 12);
    });
    socket.once("close", () => resolve(status));
    const more = () => {
      while (left-- > 0) if (!socket.write(BODY)) return;
      socket.end();
    };
    socket.on("drain", more);
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ncontent-length: ${left * BODY.length}\r\n\r\n`,
    );
    more();
  });

function openSocket(port: number, token: string, record: (what: string) => void): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws");
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.once("open", () =>
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } })),
    );
    socket.on("message", (data: Buffer) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === "connection_ack") resolve(socket);
      else if (type !== "ping") record(type);
    });
    socket.on("close", (code) => {
      if (code !== 1006) record(`closed ${code}`);
      reject(new Error(`closed with ${code}`));
    });
  });
}

function count() {
  const counts = new Map<string, number>();
  const add = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return Object.assign(add, {
    summary: () => [...counts].map(([what, times]) => `${what} × ${times.toLocaleString("en")}`).join(", "),
  });
}
