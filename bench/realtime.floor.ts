import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

/**
 * The minimum for a chat: a posted message is serialized once and sent to all connections. No sign-in, no database, no
 * log, and no handling of slow clients.
 */
const [id = ""] = process.argv.slice(2);
const RESPONSE = `{"data":{"sent":true}}`;

const listeners = new Set<WebSocket>();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });

/** A message of the same length as Filedesk's. */
const messageOf = (body: string, fileName: string | null) => ({
  id: "1",
  type: "next",
  payload: {
    data: {
      conversationEvents: {
        cursor: "123",
        event: {
          __typename: "MessageAdded",
          message: {
            id,
            body,
            sender: { __typename: "User", id, name: "Agent of Acme" },
            attachments: { nodes: fileName === null ? [] : [{ fileName }] },
          },
        },
      },
    },
  },
});

const server = createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const { body, fileName } = JSON.parse(Buffer.concat(parts).toString()) as {
    body: string;
    fileName: string | null;
  };
  const receivedAt = performance.timeOrigin + performance.now();
  const text = JSON.stringify(messageOf(body, fileName));
  for (const listener of listeners) listener.send(text);
  response.writeHead(200, { "content-type": "application/json", "x-received-at": String(receivedAt) });
  response.end(RESPONSE);
});

server.on("upgrade", (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (listener) => {
    listener.on("message", (data) => {
      if (String(data).includes('"connection_init"')) listener.send('{"type":"connection_ack"}');
      else listeners.add(listener);
    });
    listener.on("error", () => {});
    listener.once("close", () => listeners.delete(listener));
  });
});

server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.((server.address() as AddressInfo).port);
process.once("disconnect", () => process.exit());
