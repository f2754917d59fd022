import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { setTimeout as pass } from "node:timers/promises";

/** A request that got no answer, or not a whole one, from the server that it went to. */
export interface FailedForward {
  readonly target: number;
  readonly request: string;
  readonly reason: string;
  /** Of `performance.now()`. */
  readonly at: number;
}

/** Sends requests to servers in turn, and asks each a few times a second by `/readyz` whether it may. */
export interface LoadBalancer {
  readonly url: string;
  readonly failures: readonly FailedForward[];
  /** How many requests each server has been sent. */
  readonly sent: readonly number[];
  close(): Promise<void>;
}

export const CHECK_INTERVAL_MS = 200;
const CHECK_TIMEOUT_MS = 3_000;

interface Target {
  readonly index: number;
  readonly agent: Agent;
  isReady: boolean;
}

/** @param urls asked before each request, because a server that is started again has another port */
export async function startLoadBalancer(urls: () => readonly string[]): Promise<LoadBalancer> {
  const targets = urls().map((_, index): Target => {
    return { index, agent: new Agent({ keepAlive: true }), isReady: true };
  });
  const failures: FailedForward[] = [];
  const sent = targets.map(() => 0);
  const stopped = new AbortController();
  let turn = 0;
  const inTurn = (): Target[] => {
    turn += 1;
    const ready = targets.filter(({ isReady }) => isReady);
    const usable = ready.length > 0 ? ready : targets;
    return usable.map((_, n) => usable[(turn + n) % usable.length]!);
  };
  const urlOf = ({ index }: Target) => urls()[index] ?? "";
  const fail = ({ index }: Target, { method, url }: IncomingMessage, error: Error) =>
    failures.push({
      target: index,
      request: `${method} ${url}`,
      reason: error.message,
      at: performance.now(),
    });

  function forward(request: IncomingMessage, response: ServerResponse, [target, ...rest]: Target[]): void {
    if (!target) return void response.writeHead(503).end('{"errors":[{"message":"no server"}]}');
    const { method, headers } = request;
    const onward = httpRequest(new URL(request.url ?? "/", urlOf(target)), {
      method,
      headers,
      agent: target.agent,
    });
    let isSent = false;
    // Not a byte of the body is taken before there is a connection, so that another server can be tried.
    onward.once("socket", (socket) => {
      const send = () => {
        isSent = true;
        sent[target.index]! += 1;
        request.pipe(onward);
      };
      if (socket.connecting) socket.once("connect", send);
      else send();
    });
    onward.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers));
      pipeline(answer, response, (error) => {
        if (error && !response.destroyed) response.destroy();
        if (error && !answer.complete && !request.destroyed) fail(target, request, error);
      });
    });
    onward.once("error", (error) => {
      if (!isSent) return forward(request, response, rest);
      if (request.destroyed && !request.complete) return;
      fail(target, request, error);
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end('{"errors":[{"message":"bad gateway"}]}');
    });
    response.once("close", () => {
      if (!response.writableEnded) onward.destroy();
    });
  }

  const server = createServer((request, response) => forward(request, response, inTurn()));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    joinSockets(request, socket as Socket, head, inTurn().map(urlOf)),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const check = async (target: Target) => {
    while (!stopped.signal.aborted) {
      target.isReady = await fetch(`${urlOf(target)}/readyz`, {
        signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
      }).then(
        ({ status }) => status === 200,
        () => false,
      );
      await pass(CHECK_INTERVAL_MS);
    }
  };
  const checking = Promise.all(targets.map(check));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    sent,
    async close() {
      stopped.abort();
      server.close();
      server.closeAllConnections();
      await checking;
      for (const { agent } of targets) agent.destroy();
    },
  };
}

function withoutHopByHop(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  const {
    connection: _connection,
    "keep-alive": _keepAlive,
    "transfer-encoding": _encoding,
    ...rest
  } = headers;
  return rest;
}

/** Passes a websocket through to the first server that takes it. */
function joinSockets(request: IncomingMessage, socket: Socket, head: Buffer, urls: string[]): void {
  const [url, ...rest] = urls;
  if (!url) return void socket.destroy();
  const { hostname, port } = new URL(url);
  const onward = connect(Number(port), hostname);
  socket.on("error", () => onward.destroy());
  onward.once("error", () =>
    (onward.connecting || onward.bytesWritten === 0) && rest.length > 0
      ? joinSockets(request, socket, head, rest)
      : socket.destroy(),
  );
  onward.once("connect", () => {
    const lines = request.rawHeaders.flatMap((name, n, all) =>
      n % 2 === 0 ? [`${name}: ${all[n + 1]}`] : [],
    );
    onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
    onward.once("close", () => socket.destroy());
    socket.once("close", () => onward.destroy());
  });
}
