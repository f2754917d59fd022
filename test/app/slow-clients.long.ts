import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { WebSocket } from "ws";
import { UploadTicketAttachmentsDocument } from "../support/generated/operations.js";
import { holdPost } from "../support/post-files.js";
import { bearer } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const KIB = 1024;
const MIB = KIB ** 2;
/** More than the kernels of both sides hold. */
const LARGE = 24 * MIB;
const SLOWEST = 16;
const DOWNLOADS = 3;

interface Line {
  readonly level: number;
  readonly msg: string;
}

let world: TicketWorld;
let log: Line[] = [];
let ticketId: string;
let large: { id: string; url: string };

const port = () => Number(new URL(world.server.url).port);
const said = (message: RegExp) => log.some(({ msg }) => message.test(msg));
const loud = () => log.filter(({ level }) => level >= 40);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pass(10);
}

async function open(words: string): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect(port(), "127.0.0.1");
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  socket.write(words);
  return { socket, closed };
}

const head = (length: number, { type = "application/json", token = "" } = {}) =>
  `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
const QUERY = JSON.stringify({ query: "{ __typename }" });

/** A download whose first bytes are there, and which nobody reads on. */
async function hold(url = large.url, headers: Record<string, string> = {}) {
  const request = httpRequest(url, { agent: new Agent(), headers }).end();
  request.on("error", () => {});
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  return { request, response };
}

/** Reads to the end so many bytes at once, with pauses: steadily, and at no pace that a test machine could miss. */
async function readSteadily(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    await pass(1);
  }
  return bytes;
}

describe("slow clients", () => {
  beforeAll(async () => {
    const write = (line: string) => void log.push(JSON.parse(line));
    world = await startTicketWorld({
      env: {
        SLOWEST_KILOBYTES_PER_SECOND: String(SLOWEST),
        PACE_SECONDS: "1",
        DOWNLOADS_AT_ONCE: String(DOWNLOADS),
      },
      log: pino({ level: "info" }, { write }),
    });
    const companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
    const text = randomBytes(LARGE / 2).toString("hex");
    const [attached] = await world.attach(world.people.requester, {
      ticketId,
      files: [new File([text], "log.txt")],
    });
    large = attached!;
  });

  afterAll(() => world.close());

  beforeEach(() => {
    log = [];
  });

  describe("a client that is too slow", () => {
    it("is cut off in the middle of a small body that drips", async () => {
      const { socket, closed } = await open(head(10_000));
      const drip = setInterval(() => socket.write(" "), 50);
      await closed;
      clearInterval(drip);
      expect(said(/too slow/)).toBe(true);
      expect(loud()).toEqual([]);
    });

    it("is cut off in the middle of an upload that drips, and leaves nothing of it", async () => {
      const held = holdPost(world.server.url, {
        query: UploadTicketAttachmentsDocument,
        input: { ticketId },
        files: [{ name: "drip.txt", bytes: Buffer.alloc(100 * KIB, "drip ") }],
        token: world.people.requester.token,
      });
      await until(() => said(/too slow/));
      await expect(held.finish()).rejects.toThrow();
      const { sql } = world.server.database;
      expect(await sql`select from media_files where file_name = 'drip.txt'`).toEqual([]);
      expect(loud()).toEqual([]);
    });

    it("is cut off when it reads nothing of a download, which a range resumes", async () => {
      const { request, response } = await hold();
      await until(() => said(/too slow/));
      const begun = await buffer(response).catch(() => null);
      expect(begun).toBeNull();
      request.destroy();
      const rest = await fetch(large.url, { headers: { range: `bytes=${LARGE - 10}-` } });
      expect([rest.status, (await rest.arrayBuffer()).byteLength]).toEqual([206, 10]);
      expect(loud()).toEqual([]);
    });

    it("is not cut off when it sends or reads steadily, however long that takes", async () => {
      const length = 600 * KIB;
      const { socket, closed } = await open(head(length, { token: world.people.requester.token }));
      const answer = text(socket);
      socket.write(QUERY);
      // Three windows long, far above the least pace: a busy machine is slower than it means to be.
      for (let sent = QUERY.length; sent < length; ) {
        const piece = Math.min(4 * KIB, length - sent);
        socket.write(" ".repeat(piece));
        sent += piece;
        await pass(20);
      }
      const { response } = await hold();
      expect(await readSteadily(response)).toBe(LARGE);
      socket.end();
      await closed;
      expect(await answer).toContain('{"data":{"__typename":"Query"}}');
      expect(said(/too slow/)).toBe(false);
    });
  });

  describe("downloads that are open at once", () => {
    it("are bounded for each person, by token and by signature together, and say when to come back", async () => {
      const { requester, agent } = world.people;
      const path = large.url.split("?", 1)[0]!;
      const held = [await hold(), await hold(), await hold(path, bearer(requester.token))];
      const refused = await fetch(large.url, { headers: { range: "bytes=0-9" } });
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ error: { code: "RATE_LIMITED", status: 429 } });
      expect((await fetch(path, { headers: { ...bearer(agent.token), range: "bytes=0-9" } })).status).toBe(
        206,
      );
      for (const { request } of held) request.destroy();
      let again = 429;
      while (again === 429) again = (await fetch(large.url, { headers: { range: "bytes=0-9" } })).status;
      expect(again).toBe(206);
    });
  });

  describe("a client that leaves in the middle is no fault of the server:", () => {
    const leaves = async (begin: () => Promise<{ destroy(): void }>) => {
      const client = await begin();
      client.destroy();
      // The server hears of its end before it answers what comes after.
      for (let round = 0; round < 3; round++) await fetch(`${world.server.url}/healthz`);
      expect(loud()).toEqual([]);
    };
    const left = ({ socket }: { socket: Socket }) => socket;

    it("of a JSON body", () => leaves(async () => left(await open(`${head(1_000)}{"query": "`))));

    it("of a body of no known kind", () =>
      leaves(async () => left(await open(`${head(99, { type: "x/y" })}abc`))));

    it("of a chunked body", () =>
      leaves(async () =>
        left(
          await open(
            "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
          ),
        ),
      ));

    it("of its headers", () => leaves(async () => left(await open("GET /healthz HTTP/1.1\r\nHo"))));

    it("of an upload", () =>
      leaves(async () => {
        const held = holdPost(world.server.url, {
          query: UploadTicketAttachmentsDocument,
          input: { ticketId },
          files: [{ name: "left.txt", bytes: Buffer.alloc(300 * KIB, "left ") }],
          token: world.people.requester.token,
        });
        await pass(100);
        return { destroy: () => held.abort() };
      }));

    it("of a download", () => leaves(async () => (await hold()).request));

    it("of an event stream", () =>
      leaves(async () => {
        const url = `${world.server.url}/events?topic=ticket:${ticketId}`;
        return (await hold(url, bearer(world.people.requester.token))).request as ClientRequest;
      }));

    it("of a websocket's subscription", () =>
      leaves(async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${port()}/graphql`, "graphql-transport-ws");
        socket.on("error", () => {});
        await once(socket, "open");
        socket.send(
          JSON.stringify({ type: "connection_init", payload: bearer(world.people.requester.token) }),
        );
        await once(socket, "message");
        return { destroy: () => socket.terminate() };
      }));
  });
});
