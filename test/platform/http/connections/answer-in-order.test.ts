import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { createUnreadBudget } from "../../../../src/platform/http/connections/unread-budget.js";
import { createHttpServer } from "../../../../src/platform/http/server.js";

const MIB = 1024 ** 2;
/** More than the kernels of both sides hold. */
const LARGE = "x".repeat(24 * MIB);
const MIDDLE = "x".repeat(MIB);
const HOLD = "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

let app: FastifyInstance;
let url: string;
let begun: string[];
let finish: (() => void)[];
let client: Socket;
/** The server's end of the client's connection. */
let accepted: Socket;

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const hold = (name: string) => {
  const body = JSON.stringify({ name });
  return `${HOLD}Content-Length: ${body.length}\r\n\r\n${body}`;
};
const names = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

/** Whatever the server says to somebody else, it says when it has seen all that this client had sent before. */
async function another(): Promise<void> {
  for (let n = 0; n < 5; n++) await (await fetch(`${url}/healthz`)).text();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What comes, up to a number of bytes of bodies. */
async function bodies(count: number): Promise<string[]> {
  let text = "";
  const parts = () => text.split("HTTP/1.1 200 OK").slice(1);
  const isWhole = (part: string) => {
    const [head = "", body] = part.split("\r\n\r\n", 2);
    return body !== undefined && body.length === Number(/content-length: (\d+)/.exec(head)?.[1]);
  };
  client.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  await until(() => parts().length === count && parts().every(isWhole));
  return parts().map((part) => part.split("\r\n\r\n", 2)[1] ?? "");
}

describe("answer in order", () => {
  beforeEach(async () => {
    begun = [];
    finish = [];
    const log = pino({ level: "silent" });
    app = await createHttpServer({
      log,
      unread: createUnreadBudget({ maxBytes: 1_000 * MIB, log }),
      trustProxy: [],
      origins: [],
      graphqlPath: "/graphql",
      compresses: false,
      drainMs: 1_000,
      minimumRate: { bytesPerSecond: 1, windowMs: 60_000 },
    });
    app.get<{ Params: { name: string } }>("/large/:name", async ({ params }) => {
      begun.push(params.name);
      return LARGE;
    });
    app.get<{ Params: { name: string } }>("/middle/:name", async ({ params }) => {
      begun.push(params.name);
      return MIDDLE;
    });
    app.get<{ Params: { name: string } }>("/small/:name", async ({ params }) => {
      begun.push(params.name);
      return params.name;
    });
    app.post<{ Body: { name: string } }>("/hold", async ({ body }) => {
      begun.push(body.name);
      await new Promise<void>((resolve) => finish.push(resolve));
      return body.name;
    });
    app.server.once("connection", (socket: Socket) => {
      accepted = socket;
    });
    url = await app.listen({ port: 0, host: "127.0.0.1" });
    client = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
    await once(client, "connect");
  });

  afterEach(async () => {
    client.destroy();
    await app.close();
  });

  it("makes one answer at a time for who sends fifty requests and reads nothing", async () => {
    client.pause().write(
      names(50)
        .map((name) => get(`/large/${name}`))
        .join(""),
    );
    await until(() => begun.length > 0);
    await another();
    expect(begun).toEqual(["n0"]);
  });

  it("gives all the answers, in the order of the requests, to who reads them", async () => {
    const requests = names(60).map((name, n) =>
      n % 20 === 0 ? get(`/middle/${name}`) : get(`/small/${name}`),
    );
    client.write(requests.join(""));
    const answers = await bodies(60);
    expect(begun).toEqual(names(60));
    expect(answers.map((text) => (text === MIDDLE ? "middle" : text))).toEqual(
      names(60).map((name, n) => (n % 20 === 0 ? "middle" : name)),
    );
  });

  it("takes bodies that arrive while an earlier answer is made", async () => {
    client.write(hold("first") + hold("second").slice(0, -5));
    await until(() => finish.length === 1);
    client.write(hold("second").slice(-5) + hold("third"));
    await another();
    expect(begun).toEqual(["first"]);
    const answers = bodies(3);
    for (let n = 0; n < 3; n++) {
      await until(() => finish.length === n + 1);
      finish[n]!();
    }
    expect(await answers).toEqual(["first", "second", "third"]);
  });

  it("cuts a connection that asks on and on, and waits for no answer", async () => {
    client.write(hold("first"));
    await until(() => finish.length === 1);
    client.write(get("/small/next").repeat(200_000));
    await until(() => accepted.closed);
    expect(accepted.bytesRead).toBeLessThan(MIB);
    expect(begun).toEqual(["first"]);
  });

  it("begins nothing more for who has left", async () => {
    client.pause().write(
      names(5)
        .map((name) => get(`/large/${name}`))
        .join(""),
    );
    await until(() => begun.length > 0);
    client.destroy();
    await until(() => accepted.closed);
    await another();
    expect(begun).toEqual(["n0"]);
  });
});
