import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { WebSocket } from "ws";
import { HOUR_MS } from "../../../../src/kernel/clock.js";
import { eventResource } from "../../../../src/platform/graphql/subscriptions/event-urls.js";
import type { RealtimeServer, RealtimeServerOptions } from "../../../support/realtime-server.js";
import {
  accessEnded,
  message,
  signer,
  startRealtimeServer,
  until,
} from "../../../support/realtime-server.js";

const closers: (() => unknown)[] = [];
const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

async function startServer(options?: RealtimeServerOptions): Promise<RealtimeServer> {
  const opened = await startRealtimeServer(options);
  closers.push(() => opened.app.close());
  return opened;
}

interface Frame {
  readonly event?: string;
  readonly id?: string;
  readonly data?: unknown;
}

interface Listening {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  readonly frames: Frame[];
  readonly comments: () => number;
  readonly ended: Promise<unknown>;
}

/** Listens as `curl` does. */
async function listen(
  opened: RealtimeServer,
  path: string,
  headers: Record<string, string> = ANNA,
): Promise<Listening> {
  const request = httpRequest({ host: "127.0.0.1", port: opened.port, path, headers });
  closers.push(() => request.destroy());
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  const frames: Frame[] = [];
  let text = "";
  let comments = 0;
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").map((line) => line.split(/: ?(.*)/s) as [string, string]);
      const fields = Object.fromEntries(lines);
      if ("" in fields) comments++;
      if (fields.data !== undefined) frames.push({ ...fields, data: JSON.parse(fields.data) });
    }
  });
  return {
    request,
    response,
    frames,
    comments: () => comments,
    ended: new Promise((resolve) => response.once("close", resolve)),
  };
}

const ANNA = { authorization: "Bearer anna" };
const C1 = "/events?topic=conversation:c1";

async function refusal(opened: RealtimeServer, path: string, headers: Record<string, string> = ANNA) {
  const response = await fetch(`${opened.url}${path}`, { headers });
  const { error } = (await response.json()) as { error: { code: string; status: number } };
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(error.status).toBe(response.status);
  return `${response.status} ${error.code}`;
}

describe("GET /events", () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(() => expect(unhandled).toEqual([]));

  it("tells what happens, each with its cursor, its type and its object", async () => {
    const opened = await startServer();
    const { response, frames, request, ended } = await listen(opened, C1);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "x-request-id": expect.any(String),
    });
    await until(() => opened.feed.subscribers.size === 1);
    opened.feed.deliver("c1", message("m1", "two\nlines"));
    opened.feed.deliver("c1", { __typename: "MessagePurged", messageId: "m0" });
    await until(() => frames.length === 2);
    expect(frames).toEqual([
      {
        id: "1",
        event: "MessageAdded",
        data: { __typename: "MessageAdded", message: { id: "m1", body: "two\nlines" } },
      },
      { id: "2", event: "MessagePurged", data: { __typename: "MessagePurged", messageId: "m0" } },
    ]);
    request.destroy();
    await ended;
    await until(() => opened.feed.subscribers.size === 0);
  });

  it("is for any number of streams of one viewer, as far as connections go", async () => {
    const opened = await startServer({ connections: 60 });
    const streams = await Promise.all(Array.from({ length: 60 }, () => listen(opened, C1)));
    await until(() => opened.feed.subscribers.size === 60);
    for (const id of ["m1", "m2"]) opened.feed.deliver("c1", message(id));
    await until(() => streams.every(({ frames }) => frames.length === 2));
    for (const { frames } of streams) expect(frames.map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("goes on behind `Last-Event-ID`, which wins over `after`", async () => {
    const opened = await startServer();
    for (const id of ["m1", "m2", "m3"]) opened.feed.deliver("c1", message(id));
    const { frames } = await listen(opened, `${C1}&after=0`);
    await until(() => frames.length === 3);
    const again = await listen(opened, `${C1}&after=0`, { ...ANNA, "last-event-id": "2" });
    await until(() => again.frames.length === 1);
    expect(again.frames[0]?.id).toBe("3");
  });

  it("says before it begins why not, as other routes do", async () => {
    const opened = await startServer();
    expect(await refusal(opened, C1, {})).toBe("401 UNAUTHENTICATED");
    expect(await refusal(opened, C1, { authorization: "Bearer nobody" })).toBe("401 UNAUTHENTICATED");
    expect(await refusal(opened, "/events")).toBe("400 BAD_USER_INPUT");
    expect(await refusal(opened, "/events?topic=conversation")).toBe("400 BAD_USER_INPUT");
    expect(await refusal(opened, `${C1}&topic=ticket:1`)).toBe("400 BAD_USER_INPUT");
    expect(await refusal(opened, `${C1}&after=x`)).toBe("400 BAD_USER_INPUT");
    expect(await refusal(opened, `${C1}&after=1&after=2`)).toBe("400 BAD_USER_INPUT");
    expect(await refusal(opened, "/events?topic=constructor:1")).toBe("404 NOT_FOUND");
    expect(await refusal(opened, "/events?topic=conversation:hidden")).toBe("404 NOT_FOUND");
    expect(await refusal(opened, "/events?topic=conversation:broken")).toBe("500 INTERNAL_SERVER_ERROR");
    expect(opened.faults).toHaveLength(1);
    expect((await fetch(`${opened.url}${C1}`, { method: "HEAD", headers: ANNA })).status).toBe(405);
  });

  it("takes a signed URL for one topic, and ends with its signature", async () => {
    const opened = await startServer();
    const query = signer.signQuery(eventResource("conversation:c1"), "anna");
    const { response } = await listen(opened, `${C1}&${query}`, {});
    expect(response.statusCode).toBe(200);
    expect(await refusal(opened, `/events?topic=conversation:c2&${query}`, {})).toBe("403 FORBIDDEN");
    const gone = signer.signQuery(eventResource("conversation:c1"), "gone");
    expect(await refusal(opened, `${C1}&${gone}`, {})).toBe("401 UNAUTHENTICATED");
  });

  it("ends with the token, and with a code when the viewer may follow no more", async () => {
    const opened = await startServer();
    const end = new Date(Date.now() + HOUR_MS);
    opened.guests.set("dora", end);
    const short = await listen(opened, C1, { authorization: "Bearer dora" });
    end.setTime(Date.now());
    await short.ended;
    expect(short.frames).toEqual([]);
    await until(() => opened.feed.subscribers.size === 0);
    const { frames, ended } = await listen(opened, C1);
    opened.feed.end(accessEnded());
    await ended;
    expect(frames).toEqual([
      { event: "error", data: { code: "UNAUTHENTICATED", status: 401, message: "Your access has ended." } },
    ]);
  });

  it("shows that it lives, and ends at once when the server closes", async () => {
    const opened = await startServer({ heartbeatMs: 40 });
    const { comments, ended } = await listen(opened, C1);
    await until(() => comments() >= 2);
    await opened.app.close();
    await ended;
    expect(opened.feed.subscribers.size).toBe(0);
  });

  it("leaves who comes while the server closes without an answer, as one would end an EventSource for good", async () => {
    const opened = await startServer();
    const deaf = new WebSocket(`${opened.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    await once(deaf, "open");
    // It does not hear the farewell, for which the closing waits.
    deaf.pause();
    const { ended } = await listen(opened, C1);
    const closing = opened.app.close();
    await ended;
    await expect(fetch(`${opened.url}${C1}`, { headers: ANNA })).rejects.toThrow("fetch failed");
    const refusal = { code: "SERVICE_UNAVAILABLE", status: 503, retryAfter: 1 };
    const page = { headers: { origin: "https://app.example.com" } };
    const refused = await fetch(`${opened.url}/graphql`, page);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: refusal }] });
    const elsewhere = await fetch(`${opened.url}/nothing`);
    expect(elsewhere.status).toBe(503);
    expect(await elsewhere.json()).toMatchObject({ error: refusal });
    expect(opened.faults).toEqual([]);
    deaf.terminate();
    await closing;
  });

  it("bounds the connections of a viewer", async () => {
    const opened = await startServer({ connections: 2 });
    const { request } = await listen(opened, C1);
    await listen(opened, C1);
    expect(await refusal(opened, C1)).toBe("429 RATE_LIMITED");
    expect(
      await refusal(opened, "/events?topic=conversation:hidden", { authorization: "Bearer bert" }),
    ).toContain("404");
    request.destroy();
    await until(() => opened.feed.subscribers.size === 1);
    await listen(opened, C1);
  });

  it("cuts off a client that does not read, while others go on receiving", async () => {
    const opened = await startServer({ readTimeoutMs: 1_000 });
    const lively = await listen(opened, C1);
    const socket = connect(opened.port, "127.0.0.1");
    closers.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.write(`GET ${C1} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer anna\r\n\r\n`);
    await once(socket, "data");
    socket.pause();
    await until(() => opened.feed.subscribers.size === 2);
    let number = 0;
    while (opened.feed.subscribers.size === 2) {
      opened.feed.deliver("c1", message(`m${++number}`, "x".repeat(256 * 1024)));
      await until(() => lively.frames.length === number);
    }
    opened.feed.deliver("c1", message("last"));
    await until(() => lively.frames.length === number + 1);
    expect(lively.frames.at(-1)?.id).toBe(String(number + 1));
  });

  it("is bounded in what waits for all who do not read, together", async () => {
    const opened = await startServer({ readTimeoutMs: 60_000, unreadBytes: 256 * 1024 });
    const lively = await listen(opened, C1);
    for (let count = 0; count < 8; count++) {
      const socket = connect(opened.port, "127.0.0.1");
      closers.push(() => socket.destroy());
      socket.on("error", () => {});
      socket.write(`GET ${C1} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer anna\r\n\r\n`);
      await once(socket, "data");
      socket.pause();
    }
    await until(() => opened.feed.subscribers.size === 9);
    let number = 0;
    while (opened.feed.subscribers.size > 5) {
      opened.feed.deliver("c1", message(`m${++number}`, "x".repeat(100 * 1024)));
      await until(() => lively.frames.length === number);
      expect(opened.unread.held).toBeLessThanOrEqual(256 * 1024);
    }
    expect(lively.frames.at(-1)?.id).toBe(String(number));
  });
});
