import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { WebSocket } from "ws";
import type { CommandProcess } from "../support/command-process.js";
import { startCommand } from "../support/command-process.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import { CreateTicketDocument, SignInDocument } from "../support/generated/operations.js";
import type { ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { bearer, postGraphQL } from "../support/test-client.js";

let database: TestDatabase;
let folder: string;

const environment = () => ({ DATABASE_URL: database.url, FILEDESK_DATA: folder, WORKER: "off" });

/** How long a server takes to stop, in milliseconds. */
async function stop(server: ServerProcess) {
  const began = performance.now();
  const { code, signal, output } = await server.stop();
  return { ms: performance.now() - began, end: { code, signal }, output };
}

const IN_ORDER = { code: 0, signal: null };
/** Far more than an orderly end needs on a busy machine, and far less than the 30 s that a shutdown may take. */
const SLACK_MS = 5_000;

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n";

async function open({ url }: ServerProcess, words: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  // How a connection ends that says nothing does not matter.
  socket.on("error", () => {});
  await once(socket, "connect");
  if (words) socket.write(words);
  return socket;
}

async function somethingToFollow({ url }: ServerProcess) {
  const signIn = { email: "customer@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(url, SignInDocument, { input: signIn });
  const { accessToken: token, viewer } = data!.signIn;
  const { id: companyId } = viewer.memberships[0]!.company;
  const input = { companyId, subject: "Lamp", description: "" };
  const created = await postGraphQL(url, CreateTicketDocument, { input }, token);
  return { token, topic: `ticket:${created.data!.createTicket.id}` };
}

/** Open by now; `told` is all that the stream tells up to its end, and fails when it is cut off. */
async function openEventStream({ url }: ServerProcess, token: string, topic: string) {
  const request = httpRequest(`${url}/events?topic=${topic}`, { headers: bearer(token) }).end();
  const [response] = await once(request, "response");
  expect(response.statusCode).toBe(200);
  return { told: text(response) };
}

async function openWebSocket({ url }: ServerProcess, token: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const closed = new Promise((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: bearer(token) }));
  await once(socket, "message");
  return { closed };
}

/** Prints a line as soon as somebody listens to SIGTERM. */
const ANNOUNCE_LISTENER =
  "--import=data:text/javascript,process.once('newListener',function(n){" +
  "if(n==='SIGTERM')setImmediate(()=>console.log('listening'))})";

describe("shutdown", () => {
  beforeAll(async () => {
    database = await createTestDatabase("filedesk_demo_template");
    folder = await mkdtemp(join(tmpdir(), "filedesk-shutdown-"));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
  });

  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  describe("a server that is told to stop while nothing is under way", () => {
    it("ends at once, whatever connections stand open on it, and tells those who follow to come back", async () => {
      const idle = await startServerProcess(environment());
      const floor = await stop(idle);
      expect(floor.end).toEqual(IN_ORDER);

      const server = await startServerProcess(environment());
      const { token, topic } = await somethingToFollow(server);
      const stream = await openEventStream(server, token, topic);
      const websocket = await openWebSocket(server, token);
      const silent = await open(server, "");
      const halfHeader = await open(server, "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Half: ");
      const keptAlive = await open(server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(keptAlive, "data");
      const secondHeader = await open(server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /hea");
      await once(secondHeader, "data");
      const refused = await open(server, `GET /no HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
      const rude = await open(server, `GET /graphql HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
      await once(rude, "data");
      rude.pause();
      for (const socket of [silent, halfHeader, keptAlive, secondHeader, refused]) socket.resume();

      const { ms, end, output } = await stop(server);
      expect(end).toEqual(IN_ORDER);
      expect(output).not.toMatch(/"level":[456]0/);
      expect(ms).toBeLessThan(floor.ms + SLACK_MS);
      // A stream that ended, and was not cut off; what a client does of it is to connect again.
      expect(await stream.told).toMatch(/^retry: 1000\n\n/);
      expect(await websocket.closed).toMatchObject({ code: 1012, reason: expect.stringContaining("resume") });
      rude.destroy();
    });

    it("does not wait longer than it is told to for a request that never ends, and ends in order", async () => {
      const server = await startServerProcess({ ...environment(), SHUTDOWN_SECONDS: "2", LOG_LEVEL: "warn" });
      const { token } = await somethingToFollow(server);
      const upload =
        "POST /graphql HTTP/1.1\r\nHost: a\r\nApollo-Require-Preflight: 1\r\n" +
        `Authorization: Bearer ${token}\r\n` +
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99\r\n\r\n--b\r\n";
      const stuck = await open(server, upload);
      stuck.resume();
      // Its answer shows that the other request has arrived as well: they came in this order.
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      const { end, output } = await stop(server);
      expect(end).toEqual(IN_ORDER);
      expect(output).toContain("requests in progress are cut off");
    });

    it("does not wait for the rest of a body that brings no files", async () => {
      const server = await startServerProcess({ ...environment(), LOG_LEVEL: "warn" });
      const half =
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
      const stuck = await open(server, `${half}{"query`);
      stuck.resume();
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      const { ms, end, output } = await stop(server);
      expect(end).toEqual(IN_ORDER);
      expect(output).not.toContain("requests in progress are cut off");
      expect(ms).toBeLessThan(3 * SLACK_MS);
    });
  });

  describe("a process that is told to stop in its first moments", () => {
    const endsInOrder = async (args: readonly string[], at: (started: CommandProcess) => Promise<void>) => {
      const data = await mkdtemp(join(folder, "data-"));
      const started = startCommand(args, {
        ...environment(),
        FILEDESK_DATA: data,
        PORT: "0",
        NODE_OPTIONS: ANNOUNCE_LISTENER,
      });
      await at(started);
      started.signal("SIGTERM");
      const { code, stdout, stderr } = await started.ended;
      expect(stdout).not.toContain("ready");
      return { code, stderr };
    };
    const listening = (started: CommandProcess) => started.printed(1);

    it.each(["serve", "worker"])("%s stops before it was ready, and exits with 0", async (command) => {
      expect(await endsInOrder([command], listening)).toEqual({ code: 0, stderr: "" });
    });

    it("a command stops, and says that it was stopped", async () => {
      expect(await endsInOrder(["sweep"], listening)).toEqual({ code: 130, stderr: "Stopped.\n" });
    });
  });

  describe("a server that is told to stop while it starts its database", () => {
    it("stops that as well, and exits with 0", async () => {
      const data = await mkdtemp(join(folder, "embedded-"));
      const started = startCommand(["serve"], { FILEDESK_DATA: data, PORT: "0" });
      const pidFile = join(data, "postgres", "cluster", "postmaster.pid");
      const early = started.ended.then(({ stderr }) => Promise.reject(new Error(stderr)));
      while (!existsSync(pidFile)) await Promise.race([pass(5), early]);
      early.catch(() => {});
      started.signal("SIGTERM");
      const { code, stdout } = await started.ended;
      expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
      expect(existsSync(pidFile)).toBe(false);
    });
  });
});
