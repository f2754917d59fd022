import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { IncomingMessage, Server } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { GraphQLUpload } from "graphql-upload-ts";
import type { AnnouncedFile } from "../../../../src/platform/http/multipart/incoming-files.js";
import type {
  MultipartLimits,
  ReceivedMultipart,
} from "../../../../src/platform/http/multipart/multipart.js";
import { receiveMultipart } from "../../../../src/platform/http/multipart/multipart.js";
import { createTempFile } from "../../../../src/platform/storage/temp-file.js";
import type { TempFolder } from "../../../../src/platform/storage/temp-folder.js";
import type { Part } from "../../../support/multipart-body.js";
import { BOUNDARY, mapOf, multipartBody, operationsOf, uploadOf } from "../../../support/multipart-body.js";

const MIB = 1024 * 1024;
const LIMITS: MultipartLimits = { maxFiles: 3, maxFieldBytes: MIB, maxRequestBytes: 64 * MIB };

const servers: Server[] = [];
let folder: string;
/** Where files wait; nothing is in it between two tests. */
let temps: Pick<TempFolder, "open">;

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

/** Listens, and hands every request to `take`; what it returns or throws is the answer, as JSON. */
async function serve(take: (request: IncomingMessage) => Promise<unknown>): Promise<number> {
  const server = createServer(async (request, response) => {
    const answer = await take(request).then(
      (ok) => ({ ok }),
      (error) => ({ error: described(error) }),
    );
    response.setHeader("connection", "close");
    response.end(JSON.stringify(answer));
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
}

const described = (error: { code?: string; message: string }) => ({
  code: error.code,
  message: error.message,
});

const filesOf = ({ operations }: ReceivedMultipart): Promise<AnnouncedFile[]> =>
  Promise.all(
    (operations.variables as { files: unknown[] }).files.map(
      (upload) => GraphQLUpload.parseValue(upload) as never,
    ),
  );

/** The name and text of a file, or how it failed. */
const read = (announced: AnnouncedFile) =>
  announced
    .arrive()
    .then(async (file) => ({ name: file.fileName, text: await text(file.open()) }))
    .catch(described);

/** Reads all files side by side. */
const readAll = async (received: ReceivedMultipart) => Promise.all((await filesOf(received)).map(read));

interface Exchange {
  readonly limits?: Partial<MultipartLimits>;
  readonly contentType?: string;
  readonly read?: (received: ReceivedMultipart) => Promise<unknown>;
}

/** Sends a body and returns the answer of a server that receives it and reads its files. */
async function exchange(body: Buffer | readonly Part[], options: Exchange = {}) {
  const port = await serve(async (request) => {
    const received = await receiveMultipart(request, { ...LIMITS, ...options.limits }, temps);
    return (options.read ?? readAll)(received).finally(received.abort);
  });
  return new Promise<{ ok?: unknown; error?: { code: string; message: string } }>((resolve, reject) => {
    const headers = { "content-type": options.contentType ?? `multipart/form-data; boundary=${BOUNDARY}` };
    const request = httpRequest(
      { port, host: "127.0.0.1", method: "POST", headers, agent: false },
      (response) => text(response).then((json) => resolve(JSON.parse(json)), reject),
    );
    request.on("error", reject).end(Buffer.isBuffer(body) ? body : multipartBody(body));
  });
}

const fields = (operations: string, map: string): Part[] => [
  { name: "operations", content: operations },
  { name: "map", content: map },
];

/** A connection that has sent the beginning of a request, and says what it gets. */
function sendOpen(port: number, beginning: Buffer, contentLength = 400 * MIB) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${contentLength}\r\n\r\n`,
  );
  socket.write(beginning);
  return socket;
}

describe("multipart", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-multipart-"));
    temps = { open: async () => createTempFile(folder) };
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
    expect(unhandled).toEqual([]);
  });

  describe("receiving a multipart request", () => {
    it.each([
      ["a browser", 'filename="the %22good%22 room.txt"', 'the "good" room.txt'],
      ["React Native", 'filename="M%C3%BCller%20(1).txt"', "Müller (1).txt"],
      [
        "a page that encodes it itself",
        `filename="a"; filename*=utf-8''M%C3%BCller%20(1)*'.txt`,
        "Müller (1)*'.txt",
      ],
      ["aiohttp", 'filename="M%C3%BCller.txt"', "Müller.txt"],
      ["a client that says how it encodes", "filename*=utf-8''50%2525.txt", "50%25.txt"],
      ["a client that gives none", 'x="y"', ""],
    ])("delivers a file's name as %s means it", async (_client, parameter, name) => {
      const headers = `Content-Disposition: form-data; name="0"; ${parameter}`;
      const { ok } = await exchange([...fields(operationsOf(1), mapOf(1)), { headers, content: "x" }]);
      expect(ok).toEqual([{ name, text: "x" }]);
    });

    it("delivers every file whole, with its name, at the place that the map gives", async () => {
      const large = "x".repeat(3 * MIB);
      const answer = await exchange(uploadOf("first", "", large));
      expect(answer.ok).toEqual([
        { name: "0.txt", text: "first" },
        { name: "1.txt", text: "" },
        { name: "2.txt", text: large },
      ]);
    });

    it("delivers the same when the body arrives byte by byte", async () => {
      const port = await serve(async (request) => readAll(await receiveMultipart(request, LIMITS, temps)));
      const body = multipartBody(uploadOf("first", "second\r\n--filedesk-bound"));
      const socket = sendOpen(port, Buffer.alloc(0), body.length).setNoDelay(true);
      for (const byte of body) await new Promise((sent) => socket.write(Buffer.of(byte), sent));
      expect(await text(socket)).toContain('{"ok":[{"name":"0.txt","text":"first"},');
    });

    it("takes what fetch and FormData make of it, names in UTF-8 included", async () => {
      const port = await serve(async (request) => readAll(await receiveMultipart(request, LIMITS, temps)));
      const form = new FormData();
      form.append("operations", operationsOf(1));
      form.append("map", mapOf(1));
      form.append("0", new Blob(["content"]), "Übersicht „neu“.pdf");
      const response = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: form });
      expect(await response.json()).toEqual({ ok: [{ name: "Übersicht „neu“.pdf", text: "content" }] });
    });

    it("tells how many files are announced", async () => {
      const count = async (received: ReceivedMultipart) => received.fileCount;
      expect((await exchange(uploadOf("one", "two"), { read: count })).ok).toBe(2);
    });

    it("reduces a path in a file name to its last part", async () => {
      const parts = [
        ...fields(operationsOf(1), mapOf(1)),
        { name: "0", fileName: "../../etc/passwd", content: "x" },
      ];
      expect((await exchange(parts)).ok).toEqual([{ name: "passwd", text: "x" }]);
    });

    it("takes a request with no files", async () => {
      expect((await exchange(fields(operationsOf(0), "{}"))).ok).toEqual([]);
    });

    it("gives a file once: one variable under two aliases is refused", async () => {
      const twice = async (received: ReceivedMultipart) => {
        const [file] = (await filesOf(received)) as [AnnouncedFile];
        return [await read(file), await read(file)];
      };
      expect((await exchange(uploadOf("x"), { read: twice })).ok).toEqual([
        { name: "0.txt", text: "x" },
        { code: "BAD_USER_INPUT", message: expect.stringContaining("used twice") },
      ]);
    });
  });

  describe("a multipart request that breaks the rules is refused", () => {
    const file = { name: "0", fileName: "a.txt", content: "x" };
    const [operations, map] = fields(operationsOf(1), mapOf(1)) as [Part, Part];
    const withMap = (paths: unknown, variables = '{"a":null,"s":"text","list":[null]}') => [
      ...fields(`{"query":"","variables":${variables}}`, JSON.stringify(paths)),
      file,
    ];
    const zeros = JSON.stringify(Array(6_000).fill(0));
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}null${"}".repeat(depth)}`;

    it.each<[string, RegExp, readonly Part[]]>([
      ["map before operations", /out of order/, [map, operations, file]],
      ["a file before map", /out of order/, [operations, file, map]],
      ["operations twice", /"operations" is sent twice/, [operations, operations, map, file]],
      ["map twice", /"map" is sent twice/, [operations, map, map, file]],
      ["no map", /lacks/, [operations]],
      ["no parts", /lacks/, []],
      ["operations that are not JSON", /`operations` is not valid JSON/, fields("{", "{}")],
      ["a map that is not JSON", /`map` is not valid JSON/, fields("{}", "{")],
      ["a batch", /Batched/, fields("[]", "{}")],
      ["operations that are null", /must be a JSON object/, fields("null", "{}")],
      ["operations that are text", /must be a JSON object/, fields('"x"', "{}")],
      ["a map that is a list", /must be a JSON object/, fields("{}", "[]")],
      ["a map that is null", /must be a JSON object/, fields("{}", "null")],
      ["a part with a number for a path", /a list of paths/, withMap({ 0: [7] })],
      ["a part with text for a list", /a list of paths/, withMap({ 0: "variables.a" })],
      ["a path twice", /twice/, withMap({ 0: ["variables.a"], 1: ["variables.a"] })],
      ["a path twice for one part", /twice/, withMap({ 0: ["variables.a", "variables.a"] })],
      ["a list and the place in it", /twice/, withMap({ 0: ["variables.list"], 1: ["variables.list.0"] })],
      ["the path of a list of two", /no `null`/, withMap({ 0: ["variables.two"] }, '{"two":[null,null]}')],
      [
        "too many places",
        /at most 3 files/,
        withMap({ 0: [0, 1, 2, 3].map((n) => `variables.two.${n}`) }, '{"two":[null,null,null,null]}'),
      ],
      ["a path behind two indexes", /not like/, withMap({ 0: ["0.0.variables.a"] })],
      [
        "operations as a file",
        /"operations" without a file name/,
        [{ ...operations, fileName: "blob" }, map, file],
      ],
      [
        "a hundred and one parts that nobody asked for",
        /more than 100 parts/,
        [operations, map, ...Array.from({ length: 101 }, (_, n) => ({ name: `x${n}`, content: "" })), file],
      ],
      ["a path outside the variables", /not like/, withMap({ 0: ["query"] })],
      ["the variables themselves", /not like/, withMap({ 0: ["variables"] })],
      ["a path of nine segments", /not like/, withMap({ 0: ["variables.a.b.c.d.e.f.g.h"] })],
      ["a path to __proto__", /not like/, withMap({ 0: ["variables.__proto__.x"] })],
      ["a path to constructor", /not like/, withMap({ 0: ["variables.constructor.prototype"] })],
      ["a path to nothing", /no `null`/, withMap({ 0: ["variables.b"] })],
      ["a path to an inherited value", /no `null`/, withMap({ 0: ["variables.toString"] })],
      ["a path to a value", /no `null`/, withMap({ 0: ["variables.s"] })],
      ["a path through text", /no `null`/, withMap({ 0: ["variables.s.0"] })],
      ["a path through null", /no `null`/, withMap({ 0: ["variables.a"], 1: ["variables.a.file"] })],
      ["a path beside a list", /no `null`/, withMap({ 0: ["variables.list.00"] })],
      ["too many files", /at most 3 files/, uploadOf("", "", "", "")],
      ["malformed part headers", /malformed/, [operations, map, { headers: "no colon", content: "" }]],
      [
        "a character set that nobody knows",
        /UTF-8/,
        [
          {
            headers: 'Content-Disposition: form-data; name="operations"\r\nContent-Type: a/b; charset=x',
            content: "{}",
          },
        ],
      ],
    ])("%s", async (_, message, parts) => {
      const { ok, error = (ok as { code: string; message: string }[])[0] } = await exchange(parts);
      expect(error).toEqual({ code: "BAD_USER_INPUT", message: expect.stringMatching(message) });
    });

    it.each([
      ["operations that nest too deep", /`operations` nests deeper than 32/, fields(nested(33), "{}")],
      ["a map that nests too deep", /`map` nests deeper than 32/, fields("{}", nested(33))],
      ["operations of too many values", /`operations` contains more than 5000/, fields(zeros, "{}")],
    ])("%s", async (_, message, parts) => {
      const { error } = await exchange(parts);
      expect(error).toEqual({ code: "QUERY_TOO_COMPLEX", message: expect.stringMatching(message) });
    });

    it("takes operations of just the greatest depth, brackets in strings not counted", async () => {
      const brackets = JSON.stringify({ query: `\\"${"[{".repeat(40)}`, variables: JSON.parse(nested(31)) });
      expect(await exchange(fields(brackets, "{}"), { read: async () => "taken" })).toEqual({ ok: "taken" });
    });

    it("a Content-Type without a boundary", async () => {
      const { error } = await exchange(uploadOf("x"), { contentType: "multipart/form-data" });
      expect(error).toEqual({ code: "BAD_USER_INPUT", message: expect.stringContaining("boundary") });
    });

    it("a body that ends inside a file", async () => {
      const { ok } = await exchange(multipartBody(uploadOf("first", "second"), { open: true }));
      expect(ok).toEqual([
        expect.objectContaining({}),
        { code: "BAD_USER_INPUT", message: expect.stringContaining("ends before its closing boundary") },
      ]);
    });

    it("a part that the map names and the body lacks, by its name; the others arrive", async () => {
      const { ok } = await exchange(uploadOf("first", "second").slice(0, 3));
      expect(ok).toEqual([
        { name: "0.txt", text: "first" },
        { code: "BAD_USER_INPUT", message: expect.stringMatching(/"1".*was not sent/) },
      ]);
    });

    it("a file that is sent twice", async () => {
      const [a, b, first] = uploadOf("first", "second") as [Part, Part, Part];
      const { ok } = await exchange([a, b, first, first]);
      expect(ok).toContainEqual({ code: "BAD_USER_INPUT", message: 'The part "0" is sent twice.' });
    });

    it.each([
      ["a NUL in an extended file name", "filename*=utf-8''a%00.txt", /control characters/],
      ["a line feed in an extended file name", "filename*=utf-8''a%0a.txt", /control characters/],
    ])("%s", async (_, parameter, message) => {
      const headers = `Content-Disposition: form-data; name="0"; ${parameter}`;
      const { ok } = await exchange([...fields(operationsOf(1), mapOf(1)), { headers, content: "x" }]);
      expect(ok).toEqual([{ code: "BAD_USER_INPUT", message: expect.stringMatching(message) }]);
    });

    it("a file in an encoding of e-mail", async () => {
      const headers = `Content-Disposition: form-data; name="0"; filename="a"\r\nContent-Transfer-Encoding: base64`;
      const { ok } = await exchange([...fields(operationsOf(1), mapOf(1)), { headers, content: "eA==" }]);
      expect(ok).toEqual([{ code: "BAD_USER_INPUT", message: expect.stringContaining("Transfer-Encoding") }]);
    });

    it("fields and bodies over their limits, and nothing below them", async () => {
      const limits = { maxFieldBytes: operationsOf(1).length, maxRequestBytes: 200_000 };
      const tooLarge = { code: "FILE_TOO_LARGE", message: expect.stringContaining("at most") };
      expect((await exchange(uploadOf("x"), { limits })).ok).toEqual([{ name: "0.txt", text: "x" }]);
      expect((await exchange(fields(`${operationsOf(1)} `, "{}"), { limits })).error).toEqual(tooLarge);
      expect((await exchange(uploadOf("x".repeat(300_000)), { limits })).ok).toEqual([tooLarge]);
    });

    it("a preamble that never ends", async () => {
      const { error } = await exchange(Buffer.alloc(4 * MIB, "x"), { limits: { maxFieldBytes: 1024 } });
      expect(error?.code).toBe("FILE_TOO_LARGE");
    });

    it("160 KB of nested variables, before anything walks them", async () => {
      const depth = 27_000;
      const path = `variables${".a".repeat(depth)}`;
      const port = await serve(async (request) => void (await receiveMultipart(request, LIMITS, temps)));
      const body = multipartBody(fields(`{"variables":${nested(depth)}}`, JSON.stringify({ 0: [path] })));
      expect(body.length).toBeGreaterThan(160_000);
      const answer = await text(sendOpen(port, body, body.length));
      expect(answer).toContain("nests deeper");
    });
  });

  describe("a multipart request whose body does not flow", () => {
    it("reads no more than what is on its way while nobody reads the file, and all of it afterwards", async () => {
      const size = 48 * MIB;
      let bytesBefore = Number.NaN;
      const port = await serve(async (request) => {
        const received = await receiveMultipart(request, LIMITS, temps);
        const [file] = (await filesOf(received)) as [AnnouncedFile];
        // Long enough for a receiver that does not hold back to have read everything.
        await wait(400);
        bytesBefore = request.socket.bytesRead;
        let bytes = 0;
        for await (const chunk of (await file.arrive()).open()) bytes += (chunk as Buffer).length;
        return bytes;
      });
      const body = multipartBody(uploadOf(Buffer.alloc(size)));
      expect(await text(sendOpen(port, body, body.length))).toContain(`{"ok":${size}}`);
      expect(bytesBefore).toBeLessThan(512 * 1024);
    });

    it("fails the open stream and the files still to come when the client goes away", async () => {
      const outcome = new Promise((resolve) => {
        serve(async (request) => {
          const received = await receiveMultipart(request, LIMITS, temps);
          const [first, second] = (await filesOf(received)) as [AnnouncedFile, AnnouncedFile];
          const stream = (await first.arrive()).open();
          stream.once("data", () => client.destroy());
          const results = await Promise.all([
            buffer(stream).catch(described),
            second.arrive().catch(described),
          ]);
          resolve([...results, stream.destroyed]);
        }).then((port) => {
          client = sendOpen(port, multipartBody(uploadOf("begun", "").slice(0, 3), { open: true }));
        });
      });
      let client: ReturnType<typeof connect>;
      const incomplete = { code: "UPLOAD_INCOMPLETE", message: expect.stringContaining("closed") };
      expect(await outcome).toEqual([incomplete, incomplete, true]);
    });

    it("refuses a request whose client has gone before it was received", async () => {
      const outcome = new Promise((resolve) => {
        serve(async (request) => {
          client.destroy();
          await new Promise<void>((closed) => request.on("error", () => {}).once("close", closed));
          await receiveMultipart(request, LIMITS, temps).catch(resolve);
        }).then((port) => {
          client = sendOpen(port, multipartBody(uploadOf("x"), { open: true }));
        });
      });
      let client: ReturnType<typeof connect>;
      expect(await outcome).toMatchObject({ code: "UPLOAD_INCOMPLETE" });
    });

    it("ends a body that stands still, whether the client or the reader is the one who waits", async () => {
      const stood = expect.stringContaining("stalled");
      const port = await serve(async (request) =>
        readAll(await receiveMultipart(request, { ...LIMITS, stallMs: 80 }, temps)),
      );
      const silent = await text(sendOpen(port, multipartBody(uploadOf("begun"), { open: true })));
      expect(silent).toContain("UPLOAD_INCOMPLETE");

      const readNothing = async (received: ReceivedMultipart) => {
        const [first] = (await filesOf(received)) as [AnnouncedFile];
        const stream = (await first.arrive()).open();
        return new Promise((_, reject) => stream.once("error", reject));
      };
      const { error } = await exchange(uploadOf("x".repeat(8 * MIB)), {
        read: readNothing,
        limits: { stallMs: 80 },
      });
      expect(error).toEqual({ code: "UPLOAD_INCOMPLETE", message: stood });
    });

    it("leaves no stream open once the request has been answered", async () => {
      const streams: Readable[] = [];
      const read = async (received: ReceivedMultipart) => {
        for (const file of await filesOf(received)) streams.push((await file.arrive()).open());
      };
      await exchange(uploadOf("first", "second"), { read });
      expect(streams.map((stream) => stream.destroyed)).toEqual([true, true]);
    });
  });
});
