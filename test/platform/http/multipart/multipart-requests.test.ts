import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "@jest/globals";
import type { FastifyReply, FastifyRequest } from "fastify";
import { fastify } from "fastify";
import type { Upload } from "graphql-upload-ts";
import type { FiledeskError } from "../../../../src/kernel/errors.js";
import { forbidden, unauthenticated } from "../../../../src/kernel/errors.js";
import type { AnnouncedFile } from "../../../../src/platform/http/multipart/incoming-files.js";
import type { UploadSlot } from "../../../../src/platform/http/multipart/multipart-requests.js";
import { registerMultipartRequests } from "../../../../src/platform/http/multipart/multipart-requests.js";
import { createTempFile } from "../../../../src/platform/storage/temp-file.js";
import {
  BOUNDARY,
  mapOf,
  multipartBody,
  operationsOf,
  uploadForm,
  uploadOf,
} from "../../../support/multipart-body.js";
import { present } from "../../../support/present.js";

const MIB = 1024 * 1024;
const LARGE = 400 * MIB;
const LIMITS = { maxFiles: 10, maxFieldBytes: MIB, maxRequestBytes: 500 * MIB };
const PREFLIGHT = { "apollo-require-preflight": "true" };

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

const closers: (() => Promise<unknown>)[] = [];
const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

const uploadsOf = (request: FastifyRequest): Promise<AnnouncedFile[]> =>
  Promise.all(
    (request.body as { variables: { files: Upload[] } }).variables.files.map(
      ({ promise }) => promise as never,
    ),
  );

const readAll: Handler = async (request) => {
  const files = await uploadsOf(request);
  const sizes = files.map(async (file) => (await buffer((await file.arrive()).open())).length);
  return { sizes: await Promise.all(sizes), incoming: request.incoming };
};

interface ServerOptions {
  handler?: Handler;
  admit?: (request: FastifyRequest) => Promise<Pick<UploadSlot, "release">>;
  admitFiles?: UploadSlot["admitFiles"];
  limits?: Partial<typeof LIMITS>;
}

/** A server with the multipart handler, what it admitted and released, and how much its connections have read. */
async function startServer({
  handler = readAll,
  admit,
  admitFiles = async () => {},
  limits,
}: ServerOptions = {}) {
  const app = fastify();
  const seen = { admitted: 0, released: 0 };
  const sockets: Socket[] = [];
  app.server.on("connection", (socket) => sockets.push(socket));
  app.setErrorHandler((error: FiledeskError, _request, reply) =>
    reply
      .code(error.status ?? 500)
      .send({ errors: [{ message: error.message, extensions: { code: error.code } }] }),
  );
  registerMultipartRequests(app, {
    path: "/graphql",
    limits: { ...LIMITS, ...limits },
    tempFolder: { open: async () => createTempFile(tmpdir()) },
    admit: async (request) => {
      const admission = await admit?.(request);
      seen.admitted++;
      const release = () => {
        seen.released++;
        admission?.release();
      };
      return { release, admitFiles };
    },
  });
  app.post("/graphql", handler);
  app.post("/other", async (request) => request.body ?? "nothing");
  await app.listen({ port: 0, host: "127.0.0.1" });
  closers.push(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/graphql`, seen, sockets };
}

const headOf = (headers: Record<string, string | number>, path = "/graphql") =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n${Object.entries(
    headers,
  )
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;

/** Sends a 400 MB upload for real, as fast as the other side takes it, and gives back the answer. */
async function sendLarge(port: number, headers: Record<string, string | number>, path = "/graphql") {
  const socket = connect(port, "127.0.0.1");
  const answer = text(socket);
  const beginning = multipartBody(uploadOf(""), { open: true });
  socket.write(headOf({ "Content-Length": LARGE, ...headers }, path));
  socket.write(beginning);
  const block = Buffer.alloc(MIB);
  const push = () => {
    while (socket.writable && socket.bytesWritten < LARGE && socket.write(block));
  };
  socket.on("drain", push).on("error", () => {});
  push();
  const received = await answer;
  socket.destroy();
  return { status: Number(received.split(" ")[1]), answer: received };
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((turn) => setTimeout(turn, 5));
};

const refuse = (error: FiledeskError) => async () => {
  throw error;
};

describe("multipart requests", () => {
  // Not after each: those that run at the same time have their servers as long as they need them.
  afterAll(async () => {
    for (const close of closers.splice(0)) await close();
    expect(unhandled).toEqual([]);
  });

  describe("the multipart door", () => {
    it("hands the handler the operations, the number of files and the request's length, and files that flow", async () => {
      const { url, seen } = await startServer();
      const response = await fetch(url, {
        method: "POST",
        headers: PREFLIGHT,
        body: uploadForm("abc", Buffer.alloc(MIB)),
      });
      expect(response.status).toBe(200);
      const { sizes, incoming } = (await response.json()) as {
        sizes: number[];
        incoming: Record<string, number>;
      };
      expect(sizes).toEqual([3, MIB]);
      expect(incoming.fileCount).toBe(2);
      expect(incoming.requestBytes).toBeGreaterThan(MIB);
      await until(() => seen.released > 0);
      expect(seen).toEqual({ admitted: 1, released: 1 });
    });

    it.each([
      { authorization: "Bearer token" },
      { "X-APOLLO-OPERATION-ID": "1" },
      { "X-Apollo-Anything": "1" },
      { "Apollo-Require-Preflight": "*" },
    ])("takes %j for a proof that no form has sent it", async (headers) => {
      const { url } = await startServer();
      const response = await fetch(url, {
        method: "POST",
        headers: headers as never,
        body: uploadForm("abc"),
      });
      expect(response.status).toBe(200);
    });

    it("takes an operation's name for a preflight header, and a body without a length", async () => {
      const { port } = await startServer();
      const socket = connect(port, "127.0.0.1");
      const body = multipartBody(uploadOf("abc"));
      socket.write(
        headOf({ "x-apollo-operation-name": "Upload", "Transfer-Encoding": "chunked", Connection: "close" }),
      );
      socket.write(`${body.length.toString(16)}\r\n`);
      socket.write(body);
      socket.write("\r\n0\r\n\r\n");
      expect(await text(socket)).toContain('{"sizes":[3],"incoming":{"fileCount":1,"requestBytes":null}}');
    });

    it("leaves JSON and other routes alone", async () => {
      const { url, seen } = await startServer({
        handler: async (request) => ({ body: request.body, incoming: request.incoming }),
      });
      const headers = { "content-type": "application/json" };
      const json = await fetch(url, { method: "POST", headers, body: '{"query":"{x}"}' });
      expect(await json.json()).toEqual({ body: { query: "{x}" }, incoming: null });
      const other = await fetch(url.replace("graphql", "other"), { method: "POST", body: uploadForm("x") });
      expect(await other.text()).toBe("nothing");
      expect(seen.admitted).toBe(0);
    });

    it("keeps the connection for the next upload", async () => {
      const { port, sockets, seen } = await startServer();
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      closers.push(async () => agent.destroy());
      const headers = { ...PREFLIGHT, "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
      const send = (body: Buffer) =>
        new Promise<string>((resolve, reject) =>
          httpRequest(
            { port, host: "127.0.0.1", path: "/graphql", method: "POST", agent, headers },
            (response) => text(response).then(resolve, reject),
          )
            .on("error", reject)
            .end(body),
        );
      for (const size of [3, 300_000, 3]) {
        expect(await send(multipartBody(uploadOf(Buffer.alloc(size))))).toContain(`[${size}]`);
      }
      expect(sockets).toHaveLength(1);
      await until(() => seen.released === 3);
    });

    it("goes on with a connection whose small body was refused unread", async () => {
      const { port, sockets } = await startServer({ handler: refuse(forbidden("no")) });
      const socket = connect(port, "127.0.0.1");
      const body = multipartBody(uploadOf(Buffer.alloc(30_000)));
      const answers: Buffer[] = [];
      socket.on("data", (chunk) => answers.push(chunk));
      const request = Buffer.concat([
        Buffer.from(headOf({ ...PREFLIGHT, "Content-Length": body.length })),
        body,
      ]);
      for (const count of [1, 2, 3]) {
        socket.write(request);
        await until(() => Buffer.concat(answers).toString().split("FORBIDDEN").length > count);
      }
      expect(sockets).toHaveLength(1);
      socket.destroy();
    });

    it.each([
      ["no preflight header", {}, "BAD_USER_INPUT"],
      ["an empty preflight header", { "apollo-require-preflight": "" }, "BAD_USER_INPUT"],
      // RFC 7617: once typed, a browser sends them with every request, whoever's page makes it.
      ["a name and password alone", { authorization: "Basic YTpi" }, "BAD_USER_INPUT"],
      ["a header that any page may set", { "accept-language": "x-apollo-" }, "BAD_USER_INPUT"],
    ])("refuses %s before anybody is admitted", async (_, headers: Record<string, string>, code) => {
      const { url, seen } = await startServer();
      const response = await fetch(url, { method: "POST", headers, body: uploadForm("x") });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        errors: [
          { message: expect.stringContaining("apollo-require-preflight: true"), extensions: { code } },
        ],
      });
      expect(seen.admitted).toBe(0);
    });

    it("gives what is wrong with a body to the error handler", async () => {
      const { url, seen } = await startServer();
      const response = await fetch(url, { method: "POST", headers: PREFLIGHT, body: new FormData() });
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
      await until(() => seen.released === 1);
    });

    it("releases what it admitted, and fails the open stream, when the client goes away in mid-file", async () => {
      let failure: unknown;
      const { port, seen } = await startServer({
        handler: async (request) => {
          const [first, second] = (await uploadsOf(request)) as [AnnouncedFile, AnnouncedFile];
          const stream = (await first.arrive()).open();
          stream.once("data", () => client.destroy());
          failure = await Promise.all([buffer(stream), second.arrive()]).catch((error) => error);
          return "too late";
        },
      });
      const client = connect(port, "127.0.0.1");
      client.write(headOf({ ...PREFLIGHT, "Content-Length": LARGE }));
      client.write(multipartBody(uploadOf("begun", "").slice(0, 3), { open: true }));
      await until(() => seen.released > 0 && failure !== undefined);
      expect(failure).toMatchObject({ code: "UPLOAD_INCOMPLETE" });
      expect(seen).toEqual({ admitted: 1, released: 1 });
    });

    it("releases what it admitted when the client has gone while it was admitted", async () => {
      const { port, seen } = await startServer({
        admit: async (request) => {
          client.destroy();
          await new Promise((closed) => request.raw.socket.once("close", closed));
          return { release: () => {} };
        },
      });
      const client = connect(port, "127.0.0.1");
      client.write(headOf({ ...PREFLIGHT, "Content-Length": LARGE }));
      await until(() => seen.released > 0);
      expect(seen).toEqual({ admitted: 1, released: 1 });
    });

    it("releases what it admitted for a request that waits behind another on its connection", async () => {
      const { port, seen } = await startServer({ handler: () => new Promise(() => {}) });
      const client = connect(port, "127.0.0.1");
      const body = multipartBody(uploadOf("x"));
      const request = Buffer.concat([
        Buffer.from(headOf({ ...PREFLIGHT, "Content-Length": body.length })),
        body,
      ]);
      client.write(Buffer.concat([request, request]));
      await until(() => seen.admitted === 2);
      client.destroy();
      await until(() => seen.released === 2);
    });
  });

  describe("the rest of an upload that nobody needs any more", () => {
    const answerRest: Handler = async (request) => ({ isRead: await request.incoming?.readRest() });

    it("is read where it is some megabytes, and the connection goes on", async () => {
      const { port, sockets } = await startServer({ handler: answerRest });
      const socket = connect(port, "127.0.0.1");
      const answers: Buffer[] = [];
      socket.on("data", (chunk) => answers.push(chunk));
      const body = multipartBody(uploadOf(Buffer.alloc(3 * MIB)));
      for (const count of [1, 2]) {
        socket.write(headOf({ ...PREFLIGHT, "Content-Length": body.length }));
        socket.write(body);
        await until(() => Buffer.concat(answers).toString().split('{"isRead":true}').length > count);
      }
      expect(Buffer.concat(answers).toString().toLowerCase()).not.toContain("connection: close");
      expect(sockets).toHaveLength(1);
      socket.destroy();
    });

    it("is left where it is more", async () => {
      const { port, sockets } = await startServer({ handler: answerRest });
      expect((await sendLarge(port, PREFLIGHT)).answer).toContain('{"isRead":false}');
      expect(sockets[0]?.bytesRead).toBeLessThan(MIB);
    });

    it("is left where nobody knows how much it is", async () => {
      const { port } = await startServer({ handler: answerRest });
      const client = connect(port, "127.0.0.1");
      const beginning = multipartBody(uploadOf(""), { open: true });
      client.write(headOf({ ...PREFLIGHT, "Transfer-Encoding": "chunked" }));
      client.write(`${beginning.length.toString(16)}\r\n${beginning}\r\n`);
      expect(await text(client)).toContain('{"isRead":false}');
    });

    // Concurrent, as all that wait here for seconds until the server has had enough.
    it.concurrent("is left when it does not come", async () => {
      const { port } = await startServer({ handler: answerRest });
      const client = connect(port, "127.0.0.1");
      client.write(headOf({ ...PREFLIGHT, "Content-Length": MIB }));
      client.write(multipartBody(uploadOf("begun"), { open: true }));
      expect(await text(client)).toContain('{"isRead":false}');
    });

    it("is nobody's any more when the client has left", async () => {
      let isRead: boolean | undefined;
      const { port, seen } = await startServer({
        handler: async (request) => {
          client.destroy();
          isRead = await request.incoming?.readRest();
        },
      });
      const client = connect(port, "127.0.0.1");
      client.write(headOf({ ...PREFLIGHT, "Content-Length": MIB }));
      client.write(multipartBody(uploadOf("begun"), { open: true }));
      await until(() => isRead !== undefined && seen.released === 1);
      expect(isRead).toBe(false);
    });
  });

  describe("a refused upload of 400 MB is not read", () => {
    const notAllowed = refuse(forbidden("You may not do this."));

    it.concurrent.each<[string, number, ServerOptions, Record<string, string>, string]>([
      ["no preflight header", 400, {}, {}, "/graphql"],
      ["over the limit", 413, { limits: { maxRequestBytes: 100 * MIB } }, PREFLIGHT, "/graphql"],
      ["nobody signed in", 401, { admit: refuse(unauthenticated()) }, PREFLIGHT, "/graphql"],
      ["no permission, seen by the handler", 403, { handler: notAllowed }, PREFLIGHT, "/graphql"],
      ["a broken map", 400, { limits: { maxFiles: 0 } }, PREFLIGHT, "/graphql"],
      ["an unknown route", 404, {}, PREFLIGHT, "/nowhere"],
      ["a route that takes no files", 200, {}, PREFLIGHT, "/other"],
    ])("%s", async (_, expected, options, headers, path) => {
      const { port, sockets, seen } = await startServer(options);
      const { status, answer } = await sendLarge(port, headers, path);
      expect(status).toBe(expected);
      expect(answer.toLowerCase()).toContain("connection: close");
      await until(() => sockets[0]?.destroyed ?? false);
      expect(sockets[0]?.bytesRead).toBeLessThan(MIB);
      expect(seen.released).toBe(seen.admitted);
    });

    it.concurrent("no permission, for a body without a length from fetch", async () => {
      const { url, sockets } = await startServer({ handler: notAllowed });
      const beginning = multipartBody(uploadOf(""), { open: true });
      async function* endless() {
        yield beginning;
        for (let sent = 0; sent < LARGE; sent += MIB) yield Buffer.alloc(MIB);
      }
      const headers = { ...PREFLIGHT, "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
      const response = await fetch(url, {
        method: "POST",
        headers,
        body: endless() as never,
        duplex: "half",
      } as RequestInit);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
      await until(() => sockets[0]?.destroyed ?? false);
      expect(sockets[0]?.bytesRead).toBeLessThan(MIB);
    });

    it.concurrent("over the limit, for a body without a length, once it has passed it", async () => {
      const { url, sockets } = await startServer({ limits: { maxRequestBytes: MIB } });
      async function* endless() {
        yield multipartBody(uploadOf(""), { open: true });
        for (let sent = 0; sent < LARGE; sent += MIB) yield Buffer.alloc(MIB);
      }
      const headers = { ...PREFLIGHT, "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
      const response = await fetch(url, {
        method: "POST",
        headers,
        body: endless() as never,
        duplex: "half",
      } as RequestInit);
      expect(response.status).toBe(413);
      await until(() => sockets[0]?.destroyed ?? false);
      expect(sockets[0]?.bytesRead).toBeLessThan(2 * MIB);
    });

    it("tells a client that waits for 100 Continue, and lets an admitted one go on", async () => {
      const refusing = await startServer({ admit: refuse(unauthenticated()) });
      const waiting = connect(refusing.port, "127.0.0.1");
      waiting.write(headOf({ ...PREFLIGHT, "Content-Length": LARGE, Expect: "100-continue" }));
      expect(await text(waiting)).toMatch(/^HTTP\/1.1 401 /);

      const { port } = await startServer();
      const body = multipartBody(uploadOf("abc"));
      for (const [path, answer] of [
        ["/graphql", '"sizes":[3]'],
        ["/other", "nothing"],
      ] as const) {
        const client = connect(port, "127.0.0.1");
        const headers = {
          ...PREFLIGHT,
          "Content-Length": body.length,
          Expect: "100-continue",
          Connection: "close",
        };
        client.write(headOf(headers, path));
        client.once("data", () => client.write(body));
        const received = await text(client);
        expect(received).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
        expect(received).toContain(answer);
      }
    });

    const hasCurl = (() => {
      try {
        return execFileSync("curl", ["--version"]).length > 0;
      } catch {
        return false;
      }
    })();

    (present("curl", hasCurl) ? it.concurrent : it.concurrent.skip)(
      "curl shows the answer, with and without `Expect`",
      async () => {
        const folder = await mkdtemp(join(tmpdir(), "filedesk-door-"));
        closers.push(() => rm(folder, { recursive: true }));
        const path = join(folder, "large.bin");
        const file = await open(path, "w");
        await file.truncate(LARGE);
        await file.close();
        const { url, sockets } = await startServer({ handler: notAllowed });
        for (const expect100 of ["Expect:", "Expect: 100-continue"]) {
          const form = [`operations=${operationsOf(1)}`, `map=${mapOf(1)}`, `0=@${path}`].flatMap((part) => [
            "-F",
            part,
          ]);
          const args = [
            "-sS",
            "-m",
            "20",
            "-H",
            "apollo-require-preflight: 1",
            "-H",
            expect100,
            ...form,
            url,
          ];
          const { stdout } = await promisify(execFile)("curl", args);
          expect(stdout).toContain("FORBIDDEN");
        }
        await until(() => sockets.length === 2 && sockets.every((socket) => socket.destroyed));
        for (const { bytesRead } of sockets) expect(bytesRead).toBeLessThan(MIB);
      },
    );
  });
});
