import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { Poster } from "../../../../src/platform/http/outgoing/post.js";
import { createPoster } from "../../../../src/platform/http/outgoing/post.js";
import { systemResolve } from "../../../../src/platform/http/outgoing/public-address.js";

const TIMEOUT_MS = 1_000;
const HEAD = "Content-Type: text/plain\r\nConnection: keep-alive\r\n";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let server: Server;
let poster: Poster;
let sockets: Socket[];

/** A receiver that does what it likes with a connection once it has a request. */
async function receive(answer: (socket: Socket) => void): Promise<() => Promise<number>> {
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", () => answer(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  poster = createPoster({
    timeoutMs: TIMEOUT_MS,
    resolve: systemResolve,
    allowedHosts: new Set(["127.0.0.1"]),
    refuse: (host) => new Error(`${host} is refused`),
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return () => poster.post({ url, headers: {}, body: "{}", signal: new AbortController().signal });
}

describe("a request to a receiver", () => {
  afterEach(() => {
    poster.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("ends in time although garbage is collected", async () => {
    const post = await receive(() => {});
    const collecting = setInterval(collectGarbage, 100);
    try {
      await expect(post()).rejects.toMatchObject({ name: expect.stringMatching(/TimeoutError|AbortError/) });
    } finally {
      clearInterval(collecting);
    }
  }, 5_000);

  it("ends when the receiver switches protocols", async () => {
    const post = await receive((socket) =>
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
    );
    expect(await post()).toBe(101);
  }, 5_000);

  it("closes the connection of an answer that does not end, before it is settled", async () => {
    const post = await receive((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${HEAD}Content-Length: 9\r\n\r\nx`),
    );
    expect(await post()).toBe(200);
    await closed(sockets[0]!);
  }, 5_000);

  it("leaves its connection for the next one, for a few seconds", async () => {
    const post = await receive((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${HEAD}Content-Length: 1\r\n\r\nx`),
    );
    await post();
    await post();
    expect(sockets).toHaveLength(1);
    await closed(sockets[0]!);
  }, 5_000);

  it("leaves one connection at most, of many at once", async () => {
    const post = await receive((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${HEAD}Content-Length: 1\r\n\r\nx`),
    );
    await Promise.all([post(), post(), post()]);
    const before = performance.now();
    const first = sockets.map((socket) => closed(socket).then(() => performance.now() - before));
    expect(await Promise.any(first)).toBeLessThan(TIMEOUT_MS);
    expect(sockets.filter((socket) => !socket.closed)).not.toHaveLength(0);
  }, 5_000);
});

const closed = async (socket: Socket): Promise<void> => {
  if (!socket.closed) await once(socket, "close");
};
