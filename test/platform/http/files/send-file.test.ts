import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { parse as parseDisposition } from "content-disposition";
import type { FastifyInstance } from "fastify";
import Fastify from "fastify";
import { errorResponse } from "../../../../src/platform/http/errors/error-response.js";
import type { ServedFile } from "../../../../src/platform/http/files/send-file.js";
import { sendFile } from "../../../../src/platform/http/files/send-file.js";

const SMALL = randomBytes(200_000);
const BIG = randomBytes(8_000_000);
const LAST_MODIFIED = new Date("2026-03-01T10:20:30.456Z");
const LAST_MODIFIED_HTTP = "Sun, 01 Mar 2026 10:20:30 GMT";
const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const SMALL_TAG = `"${hashOf(SMALL)}"`;

interface LogLine {
  readonly level: number;
  readonly msg: string;
}

let folder: string;
let app: FastifyInstance;
let port: number;
/** What was opened while a test ran, to see that all of it is closed again. */
let opened: { handle: FileHandle; source: Readable }[] = [];
let log: LogLine[] = [];
let served: ServedFile;

/** A file on disk, served the way the local storage does it. */
function onDisk(name: string, bytes: Buffer, changes: Partial<ServedFile> = {}): ServedFile {
  return {
    fileName: name,
    mimeType: "image/jpeg",
    size: bytes.length,
    etag: hashOf(bytes),
    lastModified: LAST_MODIFIED,
    access: "private",
    maxAgeSeconds: 600,
    inline: false,
    async open(range) {
      const handle = await open(join(folder, name));
      const source = handle.createReadStream(range);
      opened.push({ handle, source });
      return source;
    },
    check: async () => {},
    onDamage: async () => {},
    ...changes,
  };
}

const fromStream = (size: number, open: () => Readable) =>
  onDisk("small.jpg", SMALL, { size, open: async () => open() });

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

async function start({ method = "GET", path = "/file", headers = {} }: Ask): Promise<IncomingMessage> {
  const sent = httpRequest({ port, host: "127.0.0.1", method, path, headers, agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

async function ask(what: Ask = {}): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const response = await start(what);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

async function whenAllIsClosed(): Promise<void> {
  for (const { handle, source } of opened) {
    if (!source.closed) await new Promise((resolve) => source.once("close", resolve));
    expect(handle.fd).toBe(-1);
  }
}

describe("send file", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-send-file-"));
    await writeFile(join(folder, "small.jpg"), SMALL);
    await writeFile(join(folder, "big.mp4"), BIG);
    const stream = new Writable({
      write(line, _encoding, done) {
        log.push(JSON.parse(String(line)) as LogLine);
        done();
      },
    });
    app = Fastify({ logger: { level: "info", stream } });
    app.setErrorHandler((error, request, reply) => {
      request.log.error(error);
      const { status, headers, body } = errorResponse(error, request.id);
      return reply.code(status).headers(headers).send(body);
    });
    app.get("/file", (request, reply) => sendFile(request, reply, served));
    app.route({
      method: ["GET", "HEAD"],
      url: "/own-head",
      exposeHeadRoute: false,
      handler: (request, reply) => sendFile(request, reply, served),
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    port = (app.server.address() as AddressInfo).port;
  });

  beforeEach(() => {
    opened = [];
    log = [];
    served = onDisk("small.jpg", SMALL);
  });

  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  describe("a whole file", () => {
    it("arrives byte for byte with every header that protects it", async () => {
      const { status, headers, body } = await ask();
      expect(status).toBe(200);
      expect(body.equals(SMALL)).toBe(true);
      expect(headers).toMatchObject({
        etag: SMALL_TAG,
        "last-modified": LAST_MODIFIED_HTTP,
        "accept-ranges": "bytes",
        "content-type": "image/jpeg",
        "content-length": "200000",
        "content-disposition": "attachment; filename=small.jpg",
        "cache-control": "private, max-age=600",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
      });
      await whenAllIsClosed();
    });

    it("is streamed when it is large", async () => {
      served = onDisk("big.mp4", BIG);
      const { headers, body } = await ask();
      expect(headers["content-length"]).toBe(String(BIG.length));
      expect(body.equals(BIG)).toBe(true);
      await whenAllIsClosed();
    });

    it("may be empty", async () => {
      served = fromStream(0, () => Readable.from([SMALL]));
      expect(await ask({ headers: { range: "bytes=0-" } })).toMatchObject({
        status: 200,
        body: Buffer.alloc(0),
      });
    });

    it("may be kept by every cache when it is public, unasked when its URL stands for its bytes", async () => {
      served = onDisk("small.jpg", SMALL, { access: "public" });
      expect((await ask()).headers["cache-control"]).toBe("public, max-age=600");
      served = onDisk("small.jpg", SMALL, { access: "public", immutable: true });
      expect((await ask()).headers["cache-control"]).toBe("public, max-age=600, immutable");
    });

    it("gets no charset that nobody knows", async () => {
      served = onDisk("small.jpg", SMALL, { mimeType: "text/plain" });
      expect((await ask()).headers["content-type"]).toBe("text/plain");
    });
  });

  describe("ranges", () => {
    const size = SMALL.length;
    it.each<[range: string, status: number, start: number, end: number]>([
      ["bytes=0-0", 206, 0, 0],
      ["bytes=0-99", 206, 0, 99],
      ["bytes=100-199", 206, 100, 199],
      ["bytes=500-", 206, 500, size - 1],
      ["bytes=-500", 206, size - 500, size - 1],
      ["bytes=-99999999", 206, 0, size - 1],
      ["bytes=199999-99999999999999999999999", 206, size - 1, size - 1],
      ["Bytes=0-9", 206, 0, 9],
      ["bytes=0-9,", 206, 0, 9],
      ["bytes= 0-9", 206, 0, 9],
      ["bytes=0-9, 20-29", 200, 0, size - 1],
      ["bytes=9-0", 200, 0, size - 1],
      ["bytes=-", 200, 0, size - 1],
      ["bytes=", 200, 0, size - 1],
      ["bytes=a-b", 200, 0, size - 1],
      ["bytes=1-2-3", 200, 0, size - 1],
      ["bytes 0-9", 200, 0, size - 1],
      ["items=0-9", 200, 0, size - 1],
      ["", 200, 0, size - 1],
    ])("%j is answered %d with bytes %d to %d", async (range, status, start, end) => {
      const response = await ask({ headers: { range } });
      expect(response.status).toBe(status);
      expect(response.headers["content-range"]).toBe(
        status === 206 ? `bytes ${start}-${end}/${size}` : undefined,
      );
      expect(response.headers["content-length"]).toBe(String(end - start + 1));
      expect(response.body.equals(SMALL.subarray(start, end + 1))).toBe(true);
      await whenAllIsClosed();
    });

    it.each(["bytes=200000-", "bytes=200000-200001", "bytes=-0"])("%j cannot be satisfied", async (range) => {
      const { status, headers, body } = await ask({ headers: { range } });
      expect(status).toBe(416);
      expect(headers["content-range"]).toBe("bytes */200000");
      expect(headers["cache-control"]).toBe("no-store");
      expect(JSON.parse(String(body))).toMatchObject({ error: { code: "BAD_USER_INPUT", status: 416 } });
      expect(opened).toEqual([]);
    });

    it.each<[ifRange: string, status: number]>([
      [SMALL_TAG, 206],
      [LAST_MODIFIED_HTTP, 206],
      [`W/${SMALL_TAG}`, 200],
      ['"another"', 200],
      ["Sun, 01 Mar 2026 10:20:31 GMT", 200],
      ["2026", 200],
    ])("with If-Range %s is answered %d", async (ifRange, status) => {
      expect(await ask({ headers: { range: "bytes=0-9", "if-range": ifRange } })).toMatchObject({ status });
    });

    it("resumes a large file in its middle", async () => {
      served = onDisk("big.mp4", BIG);
      const { status, body } = await ask({ headers: { range: "bytes=1000000-" } });
      expect(status).toBe(206);
      expect(body.equals(BIG.subarray(1_000_000))).toBe(true);
    });
  });

  describe("conditions", () => {
    const earlier = "Sun, 01 Mar 2026 10:20:29 GMT";
    it.each<[headers: Record<string, string>, status: number]>([
      [{ "if-none-match": SMALL_TAG }, 304],
      [{ "if-none-match": `W/${SMALL_TAG}` }, 304],
      [{ "if-none-match": `"a,b", W/"c" , ${SMALL_TAG}` }, 304],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": SMALL_TAG, range: "bytes=0-9" }, 304],
      [{ "if-none-match": '"another"' }, 200],
      [{ "if-none-match": SMALL_TAG.slice(1, -1) }, 200],
      [{ "if-modified-since": LAST_MODIFIED_HTTP }, 304],
      [{ "if-modified-since": "Sunday, 01-Mar-26 10:20:30 GMT" }, 304],
      [{ "if-modified-since": "Sun Mar  1 10:20:30 2026" }, 304],
      [{ "if-modified-since": earlier }, 200],
      [{ "if-modified-since": "2030" }, 200],
      [{ "if-modified-since": LAST_MODIFIED_HTTP, "if-none-match": '"another"' }, 200],
      [{ "if-match": SMALL_TAG }, 200],
      [{ "if-match": "*" }, 200],
      [{ "if-match": `W/${SMALL_TAG}` }, 412],
      [{ "if-match": '"another"', "if-none-match": SMALL_TAG }, 412],
      [{ "if-unmodified-since": LAST_MODIFIED_HTTP }, 200],
      [{ "if-unmodified-since": earlier }, 412],
      [{ "if-unmodified-since": earlier, "if-match": SMALL_TAG }, 200],
    ])("%j are answered %d", async (headers, status) => {
      expect(await ask({ headers })).toMatchObject({ status });
      expect(opened).toHaveLength(status === 200 ? 1 : 0);
    });

    it("answer 304 with the tag and the time to keep it, and nothing of the content", async () => {
      const { headers, body } = await ask({ headers: { "if-none-match": SMALL_TAG } });
      expect(headers).toMatchObject({ etag: SMALL_TAG, "cache-control": "private, max-age=600" });
      for (const name of ["content-length", "content-type", "content-disposition", "transfer-encoding"])
        expect(headers).not.toHaveProperty(name);
      expect(body).toHaveLength(0);
    });
  });

  describe.each(["/file", "/own-head"])("HEAD %s", (path) => {
    it("has the headers of a GET and no body, and opens nothing", async () => {
      const { headers: expected } = await ask({ path });
      opened = [];
      const { status, headers, body } = await ask({ path, method: "HEAD", headers: { range: "bytes=0-9" } });
      expect(status).toBe(200);
      expect({ ...headers, date: "" }).toEqual({ ...expected, date: "" });
      expect(body).toHaveLength(0);
      expect(opened).toEqual([]);
    });

    it("is answered 304 as well", async () => {
      const { status, headers } = await ask({
        path,
        method: "HEAD",
        headers: { "if-none-match": SMALL_TAG },
      });
      expect(status).toBe(304);
      expect(headers).not.toHaveProperty("content-length");
    });
  });

  describe("the name", () => {
    it.each<[fileName: string, received: string]>([
      ["Prüfbericht Nr. 5 – 日本語 🙂.pdf", "Prüfbericht Nr. 5 – 日本語 🙂.pdf"],
      ['a "quoted" \\ name.pdf', 'a "quoted" _ name.pdf'],
      ["it's 100%20 (sure); x=y.pdf", "it's 100%20 (sure); x=y.pdf"],
      ["a\r\nSet-Cookie: x=1\r\n\r\n.pdf", "a__Set-Cookie: x=1____.pdf"],
      ["../../etc/passwd", ".._.._etc_passwd"],
      ["photo\u202Egpj.exe", "photo_gpj.exe"],
      ["half \uD83D an emoji", "half _ an emoji"],
      ["", "file"],
    ])("%j arrives as %j", async (fileName, received) => {
      served = onDisk("small.jpg", SMALL, { fileName, open: async () => Readable.from([SMALL]) });
      const { headers } = await ask();
      expect(parseDisposition(headers["content-disposition"] ?? "").parameters.filename).toBe(received);
      expect(headers).not.toHaveProperty("set-cookie");
    });

    it.each<[mimeType: string, disposition: string]>([
      ["image/png", "inline"],
      ["application/pdf", "inline"],
      ["video/mp4", "inline"],
      ["text/plain; charset=utf-8", "inline"],
      ["text/html", "attachment"],
      ["image/svg+xml", "attachment"],
      ["text/csv", "attachment"],
      ["application/zip", "attachment"],
    ])("of %s goes with %s when inline is asked for", async (mimeType, disposition) => {
      served = onDisk("small.jpg", SMALL, { mimeType, inline: true });
      expect((await ask()).headers["content-disposition"]).toBe(`${disposition}; filename=small.jpg`);
    });
  });

  describe("a client that leaves in the middle", () => {
    async function expectQuietLog(): Promise<void> {
      // Another whole request: whatever the first one had to say has been said by then.
      served = onDisk("small.jpg", SMALL);
      await ask();
      expect(log.filter(({ level }) => level >= 40)).toEqual([]);
    }

    it("leaves no descriptor open and no error in the log", async () => {
      served = onDisk("big.mp4", BIG);
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const response = await start({});
          await once(response, "data");
          response.destroy();
        }),
      );
      expect(opened).toHaveLength(10);
      await whenAllIsClosed();
      await expectQuietLog();
    });

    it("is noticed while a small file is still being read", async () => {
      const source = new Readable({ read: () => undefined });
      const isOpen = new Promise<void>((resolve) => {
        served = fromStream(100, () => {
          resolve();
          return source;
        });
      });
      const sent = httpRequest({ port, host: "127.0.0.1", path: "/file", agent: false }).end();
      sent.on("error", () => undefined);
      await isOpen;
      sent.destroy();
      await once(source, "close");
      await expectQuietLog();
    });

    it("is noticed when the file opens only afterwards", async () => {
      const source = Readable.from([SMALL]);
      const connection = once(app.server, "connection");
      const isAsked = new Promise<void>((resolve) => {
        served = {
          ...fromStream(SMALL.length, () => source),
          async open() {
            resolve();
            const [socket] = await connection;
            await once(socket, "close");
            return source;
          },
        };
      });
      const sent = httpRequest({ port, host: "127.0.0.1", path: "/file", agent: false }).end();
      sent.on("error", () => undefined);
      await isAsked;
      sent.destroy();
      await once(source, "close");
      await expectQuietLog();
    });
  });

  describe("a source that fails", () => {
    const failing = (chunks: Buffer[], error: Error | null) =>
      Readable.from(
        (async function* () {
          yield* chunks;
          if (error) throw error;
        })(),
        { objectMode: false },
      );
    const expectPlainError = ({ status, headers, body }: Awaited<ReturnType<typeof ask>>) => {
      expect(status).toBe(500);
      expect(JSON.parse(String(body))).toMatchObject({ error: { code: "INTERNAL_SERVER_ERROR" } });
      expect(headers["cache-control"]).toBe("no-store");
      for (const name of ["etag", "content-disposition", "content-range", "last-modified"])
        expect(headers).not.toHaveProperty(name);
    };

    it("cannot be opened: an error is answered, with nothing of the file in its headers", async () => {
      served = onDisk("missing.jpg", SMALL);
      expectPlainError(await ask({ headers: { range: "bytes=0-9" } }));
    });

    it.each<[what: string, size: number, chunks: Buffer[], error: Error | null]>([
      ["a small one in the middle", SMALL.length, [SMALL.subarray(0, 1000)], new Error("disk")],
      ["a small one that is too short", SMALL.length, [SMALL.subarray(1)], null],
      ["a small one that is too long", SMALL.length, [SMALL, Buffer.from("x")], null],
      ["a large one before its first byte", BIG.length, [], new Error("disk")],
    ])(
      "%s: an error is answered, with nothing of the file in its headers",
      async (_what, size, chunks, error) => {
        served = fromStream(size, () => failing(chunks, error));
        expectPlainError(await ask({ headers: { range: "bytes=0-" } }));
      },
    );

    it.each<[what: string, chunks: Buffer[], error: Error | null]>([
      ["fails in the middle", [BIG.subarray(0, 1_000_000)], new Error("disk")],
      ["is too short", [BIG.subarray(1)], null],
      ["is too long", [BIG, Buffer.from("x")], null],
    ])("and that %s is never taken for a whole large file", async (_what, chunks, error) => {
      served = fromStream(BIG.length, () => failing(chunks, error));
      // Without keep-alive the closing of the connection would hide that nobody cut it.
      await expect(ask({ headers: { connection: "keep-alive" } })).rejects.toThrow("aborted");
    });
  });
});
