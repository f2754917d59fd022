import { once } from "node:events";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as pass } from "node:timers/promises";

/** A request of the server to a receiver. */
export interface ReceivedHook {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: {
    readonly type: string;
    readonly timestamp: string;
    readonly subject: string;
    readonly sequence: number;
    readonly data: Readonly<Record<string, string>>;
  };
  /** The status that it was answered with. */
  status: number;
}

/** A receiver of webhooks, which answers as a test wants it. */
export interface WebhookReceiver {
  readonly url: string;
  readonly port: number;
  /** In the order of their arrival. */
  readonly received: ReceivedHook[];
  /** Answers 204 by default. A test may answer by itself, and return null. */
  answer: (hook: ReceivedHook, response: ServerResponse) => number | null;
  /** Resolves when there are so many that were taken. */
  taken(count: number): Promise<ReceivedHook[]>;
  /** Takes no connections until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE_MS = 60_000;

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedHook[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const hook: ReceivedHook = {
      id: String(request.headers["webhook-id"]),
      headers: request.headers,
      body,
      event: JSON.parse(body),
      status: 0,
    };
    received.push(hook);
    const status = receiver.answer(hook, response);
    if (status === null) return;
    hook.status = status;
    response.writeHead(status).end();
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shut = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/hooks`,
    port,
    received,
    answer: () => 204,
    async taken(count) {
      const taken = () => received.filter(({ status }) => status === 204);
      await until(`${count} deliveries`, () => taken().length >= count);
      return taken();
    },
    shut,
    open: () => listen(port),
    close: async () => {
      if (server.listening) await shut();
    },
  };
  return receiver;
}

/** Waits for a condition. @throws if it does not come true */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not happen in time: ${what}`);
    await pass(20);
  }
}
