import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";

/** What goes wrong with one request. */
export type Fault =
  /** The connection is reset before an answer. */
  | { readonly kind: "reset" }
  /** The store answers with an error of its own, without doing anything. */
  | { readonly kind: "status"; readonly status: number; readonly code: string }
  /** There is no answer. */
  | { readonly kind: "silence" }
  /** The store has done it, and the answer is lost. */
  | { readonly kind: "lost answer" }
  /** The body of the answer or of the request breaks off, stalls or is changed after so many bytes. */
  | { readonly kind: "cut" | "stall" | "flip"; readonly body: "request" | "answer"; readonly after: number };

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Stands between an adapter and a real store. */
export interface FaultyStore {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Decides what goes wrong with each request from now on; null for nothing. */
  failBy(decide: (request: SeenRequest) => Fault | null): void;
  /** The next so many requests that match fail, the others do not. */
  failNext(count: number, matches: (request: SeenRequest) => boolean, fault: Fault): void;
  heal(): void;
  close(): Promise<void>;
}

/** Starts a proxy in front of a store, which passes everything on until it is told otherwise. */
export async function startFaultyStore(endpoint: string): Promise<FaultyStore> {
  const { hostname, port } = new URL(endpoint);
  const seen: SeenRequest[] = [];
  let decide: (request: SeenRequest) => Fault | null = () => null;
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers };
    seen.push(one);
    const fault = decide(one);
    const forwarded = { hostname, port, method, path: url, headers };
    pass(request, response, fault, (answer) => sendRequest({ ...forwarded, agent: false }, answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    failBy(by) {
      decide = by;
    },
    failNext(count, matches, fault) {
      let left = count;
      decide = (request) => (matches(request) && left-- > 0 ? fault : null);
    },
    heal() {
      decide = () => null;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Forward = (answer: (answer: IncomingMessage) => void) => ReturnType<typeof sendRequest>;

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | null,
  forward: Forward,
): void {
  request.on("error", () => {});
  response.on("error", () => {});
  const { socket } = request;
  if (fault?.kind === "reset") return void socket.destroy();
  if (fault?.kind === "silence") return void request.resume();
  if (fault?.kind === "status") {
    request.resume();
    const body = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>said by the test</Message></Error>`;
    return void request.on("end", () =>
      response.writeHead(fault.status, { "content-type": "application/xml" }).end(body),
    );
  }
  const broken = (body: "request" | "answer") =>
    fault && "body" in fault && fault.body === body ? breaking(fault, () => socket.destroy()) : null;
  const sent = forward((answer) => {
    if (fault?.kind === "lost answer") return void answer.resume().on("end", () => socket.destroy());
    response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
    const change = broken("answer");
    answer.on("error", () => socket.destroy());
    (change ? answer.pipe(change) : answer).pipe(response);
    response.on("close", () => answer.destroy());
  });
  sent.on("error", () => socket.destroy());
  request.on("close", () => request.complete || sent.destroy());
  const change = broken("request");
  (change ? request.pipe(change) : request).pipe(sent);
}

function breaking({ kind, after }: Extract<Fault, { body: string }>, cut: () => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const at = after - passed;
      passed += chunk.length;
      if (at < 0 || at >= chunk.length) return done(null, chunk);
      if (kind === "flip") {
        const changed = Buffer.from(chunk);
        changed[at] = (changed[at] ?? 0) ^ 1;
        return done(null, changed);
      }
      this.push(chunk.subarray(0, at));
      if (kind === "cut") setImmediate(cut);
      // A stall never calls `done`.
    },
  });
}
