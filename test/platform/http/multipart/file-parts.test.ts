import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import type { IncomingMessage, Server } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { GraphQLUpload } from "graphql-upload-ts";
import type { AnnouncedFile, IncomingFile } from "../../../../src/platform/http/multipart/incoming-files.js";
import type { MultipartLimits } from "../../../../src/platform/http/multipart/multipart.js";
import { receiveMultipart } from "../../../../src/platform/http/multipart/multipart.js";
import { createTempFile } from "../../../../src/platform/storage/temp-file.js";
import { until } from "../../../support/feed-world.js";
import type { Part } from "../../../support/multipart-body.js";
import { BOUNDARY, multipartBody, uploadOf } from "../../../support/multipart-body.js";

const MIB = 1024 * 1024;
const LIMITS: MultipartLimits = {
  maxFiles: 5,
  maxFieldBytes: MIB,
  maxRequestBytes: 64 * MIB,
  stallMs: 2_000,
};
const LARGE = 4 * MIB;
const large = (letter: string) => letter.repeat(LARGE);

const servers: Server[] = [];
const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

let folder: string;
let openings = 0;

const temps = {
  open: async () => {
    openings++;
    return createTempFile(folder);
  },
};

type Files = [AnnouncedFile, AnnouncedFile, AnnouncedFile];

interface Sending {
  readonly limits?: Partial<MultipartLimits>;
  /** Called with the client's side of the request, which then does not end by itself. */
  readonly meanwhile?: (client: ReturnType<typeof httpRequest>) => void;
}

/** Sends parts to a server that does this with its files; what came of it. */
async function upload<Result>(
  parts: readonly Part[],
  act: (files: Files, request: IncomingMessage) => Promise<Result>,
  { limits, meanwhile }: Sending = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const server = createServer(async (request, response) => {
      const received = await receiveMultipart(request, { ...LIMITS, ...limits }, temps);
      const uploads = (received.operations.variables as { files: unknown[] }).files;
      const files = await Promise.all(uploads.map((each) => GraphQLUpload.parseValue(each) as never));
      await act(files as unknown as Files, request)
        .then(resolve, reject)
        .finally(received.abort);
      response.end();
    });
    servers.push(server);
    server.listen(0, "127.0.0.1", () => {
      const client = httpRequest({
        port: (server.address() as AddressInfo).port,
        host: "127.0.0.1",
        method: "POST",
        headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
        agent: false,
      });
      client.on("error", () => {});
      if (meanwhile) {
        client.write(multipartBody(parts, { open: true }));
        meanwhile(client);
      } else client.end(multipartBody(parts));
    });
  });
}

const codeOf = (action: Promise<unknown>) =>
  action.then(
    () => "ok",
    (error) => error.code ?? error.message,
  );
const readWhole = (file: IncomingFile) => text(file.open());
const take = async (file: AnnouncedFile) => readWhole(await file.arrive());

/** `operations` and `map` for one part at these places of `variables.files`, and others as before. */
const withMap = (count: number, map: Record<string, string[]>, files: readonly Part[]): Part[] => [
  {
    name: "operations",
    content: JSON.stringify({ query: "", variables: { files: new Array(count).fill(null) } }),
  },
  { name: "map", content: JSON.stringify(map) },
  ...files,
];
const filePart = (name: string, content: string): Part => ({ name, fileName: `${name}.txt`, content });

describe("file parts", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-parts-"));
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    // Whatever happened, nothing is left.
    await until(async () => (await readdir(folder)).length === 0);
    openings = 0;
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
    expect(unhandled).toEqual([]);
  });

  describe("files that are asked for in another order than they are sent", () => {
    it("wait in temp files, however large, without the body standing still", async () => {
      const answer = await upload(uploadOf(large("a"), large("b"), "c"), async ([a, b, c]) => {
        const last = await take(c);
        return [last, await take(b), await take(a)];
      });
      expect(answer).toEqual(["c", large("b"), large("a")]);
      expect(openings).toBe(2);
    });

    it("need no temp file when they are read side by side, or in their order", async () => {
      const side = await upload(uploadOf("a", large("b"), "c"), (files) => Promise.all(files.map(take)));
      expect(side).toEqual(["a", large("b"), "c"]);
      const order = await upload(uploadOf(large("a"), "b", "c"), async ([a, b, c]) => [
        await take(a),
        await take(b),
        await take(c),
      ]);
      expect(order).toEqual([large("a"), "b", "c"]);
      expect(openings).toBe(0);
    });

    it("are read while one is asked for, and not before", async () => {
      const [before, beside] = await upload(
        uploadOf(large("a"), large("b"), "c"),
        async ([, b, c], request) => {
          await wait(100);
          const unasked = request.socket.bytesRead;
          const leaving = new AbortController();
          const taken = c.arrive(leaving.signal);
          await until(async () => (await readdir(folder)).length > 0);
          leaving.abort(new Error("not any more"));
          await expect(taken).rejects.toThrow("not any more");
          await until(async () => {
            const read = request.socket.bytesRead;
            await wait(100);
            return request.socket.bytesRead === read;
          });
          const held = request.socket.bytesRead;
          await take(b);
          return [unasked, held];
        },
      );
      expect(before).toBeLessThan(512 * 1024);
      expect(beside).toBeLessThan(LARGE);
    });

    it("take no more room than a request may have", async () => {
      let most = 0;
      const answer = await upload(
        uploadOf(large("a"), large("b"), "c"),
        async ([, , c]) => {
          const watching = setInterval(async () => {
            const names = await readdir(folder);
            const sizes = await Promise.all(
              names.map((name) =>
                stat(join(folder, name)).then(
                  ({ size }) => size,
                  () => 0,
                ),
              ),
            );
            most = Math.max(most, ...sizes);
          }, 1);
          return codeOf(take(c)).finally(() => clearInterval(watching));
        },
        { limits: { maxRequestBytes: 2 * MIB } },
      );
      expect(answer).toBe("FILE_TOO_LARGE");
      expect(most).toBeLessThanOrEqual(2 * MIB);
    });

    it("are gone from the disk when the client leaves in their midst", async () => {
      const answer = await upload(uploadOf(large("a"), "b").slice(0, 3), async ([, b]) => codeOf(take(b)), {
        meanwhile: (client) =>
          void until(async () => (await readdir(folder)).length > 0).then(() => client.destroy()),
      });
      expect(answer).toBe("UPLOAD_INCOMPLETE");
    });

    it("are not handed to whoever asks when the request is over, nor read on", async () => {
      let late: AnnouncedFile | undefined;
      let spooled: IncomingFile | undefined;
      let reading: ReturnType<IncomingFile["open"]> | undefined;
      await upload(uploadOf(large("a"), large("b"), large("c")), async ([a, b, c]) => {
        reading = (await c.arrive()).open();
        spooled = await a.arrive();
        late = b;
      });
      expect(await codeOf(late!.arrive())).toBe("UPLOAD_INCOMPLETE");
      expect(() => spooled!.open()).toThrow(/answered already/);
      expect(reading!.destroyed).toBe(true);
    });

    it("end the request when they cannot be kept", async () => {
      const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
      const { open } = temps;
      temps.open = async () => ({ ...createTempFile(folder), write: () => Promise.reject(full) });
      try {
        expect(await upload(uploadOf(large("a"), "b"), ([, b]) => codeOf(take(b)))).toBe("ENOSPC");
      } finally {
        temps.open = open;
      }
    });
  });

  describe("a file that its reader gives up", () => {
    it("does not stand in the way of those behind it", async () => {
      const answer = await upload(uploadOf(large("a"), "b"), async ([a, b]) => {
        const stream = (await a.arrive()).open();
        stream.once("data", () => stream.destroy());
        await new Promise((resolve) => stream.once("close", resolve));
        return take(b);
      });
      expect(answer).toBe("b");
      expect(openings).toBe(0);
    });

    it("is not read on when nobody waits for another", async () => {
      const read = await upload(uploadOf(large("a"), "b"), async ([a, b], request) => {
        const leaving = new AbortController();
        const stream = (await a.arrive()).open();
        const other = codeOf(b.arrive(leaving.signal));
        stream.once("data", () => {
          leaving.abort(new Error("enough"));
          stream.destroy();
        });
        expect(await other).toBe("enough");
        await wait(100);
        return request.socket.bytesRead;
      });
      expect(read).toBeLessThan(MIB);
    });
  });

  describe("a part with several places", () => {
    const both = { "0": ["variables.files.0", "variables.files.1"] };

    it("is the same file at each of them, read at once or one after the other", async () => {
      const parts = withMap(2, both, [filePart("0", large("a"))]);
      expect(await upload(parts, (files) => Promise.all(files.map(take)))).toEqual([large("a"), large("a")]);
      const later = await upload(parts, async ([a, b]) => [await take(b), await take(a)]);
      expect(later).toEqual([large("a"), large("a")]);
    });

    it("may stand beside others, in any order", async () => {
      const map = { x: ["variables.files.2"], y: ["variables.files.0", "variables.files.1"] };
      const parts = withMap(3, map, [filePart("y", large("y")), filePart("x", large("x"))]);
      expect(await upload(parts, (files) => Promise.all(files.map(take)))).toEqual([
        large("y"),
        large("y"),
        large("x"),
      ]);
    });

    it("is refused at all of them when it is not sent", async () => {
      const answer = await upload(withMap(2, both, []), (files) =>
        Promise.all(files.map((f) => codeOf(take(f)))),
      );
      expect(answer).toEqual(["BAD_USER_INPUT", "BAD_USER_INPUT"]);
    });
  });

  describe("a part that nobody asked for is ignored", () => {
    it.each<[string, Record<string, string[]>, Part]>([
      ["a file that the map does not name", {}, filePart("x", large("x"))],
      ["a field that the map does not name", {}, { name: "x", content: large("x") }],
      ["a file whose list of paths is empty", { x: [] }, filePart("x", large("x"))],
    ])("%s, before and behind those that are", async (_, more, stray) => {
      const map = { "0": ["variables.files.0"], ...more };
      const parts = withMap(1, map, [stray, filePart("0", "a"), { ...stray, content: "x" }]);
      expect(await upload(parts, ([a]) => take(a))).toBe("a");
      expect(openings).toBe(0);
    });

    it("a field that comes before `operations`, as forms of web frameworks have", async () => {
      const parts = [{ name: "csrf_token", content: "x" }, ...uploadOf("a")];
      expect(await upload(parts, ([a]) => take(a))).toBe("a");
    });

    it("and is not read while nobody waits for a file", async () => {
      const parts = withMap(1, {}, [filePart("x", large("x"))]);
      parts[0] = { name: "operations", content: '{"query":"","variables":{"files":[]}}' };
      const read = await upload(parts, async (_, request) => {
        await wait(100);
        return request.socket.bytesRead;
      });
      expect(read).toBeLessThan(MIB);
    });
  });

  describe("a part without a file name", () => {
    it.each<[string, string]>([
      ["no type", ""],
      ["a type", "\r\nContent-Type: image/jpeg"],
      ["a charset", "\r\nContent-Type: text/plain; charset=utf-16"],
      ["the type of bytes", "\r\nContent-Type: application/octet-stream"],
    ])("is a file all the same, its bytes as they are: %s", async (_, more) => {
      const bytes = Buffer.alloc(3 * MIB, Buffer.from([0, 255, 13, 10, 200, 45, 45]));
      const headers = `Content-Disposition: form-data; name="0"${more}`;
      const parts = withMap(1, { "0": ["variables.files.0"] }, []).concat({ headers, content: bytes });
      const answer = await upload(parts, async ([a]) => {
        const file = await a.arrive();
        const chunks: Buffer[] = [];
        for await (const chunk of file.open()) chunks.push(chunk as Buffer);
        return { name: file.fileName, isSame: Buffer.concat(chunks).equals(bytes) };
      });
      expect(answer).toEqual({ name: "", isSame: true });
    });

    it.each(["", "a/"])("has none when it is %j", async (name) => {
      const parts = withMap(1, { "0": ["variables.files.0"] }, [{ name: "0", fileName: name, content: "x" }]);
      expect(await upload(parts, async ([a]) => (await a.arrive()).fileName)).toBe("");
    });
  });

  describe("places that clients write in other ways", () => {
    it.each<[string, object, string[]]>([
      ["an index before the path, as Apollo's Explorer", { files: [null] }, ["0.variables.files.0"]],
      ["the index of a variable", { files: [null] }, ["3.variables.files.0"]],
      ["the path of a list of one, as Apollo iOS", { files: [null] }, ["variables.files"]],
      ["both", { files: [null] }, ["1.variables.files"]],
    ])("%s", async (_, variables, paths) => {
      const parts: Part[] = [
        { name: "operations", content: JSON.stringify({ query: "", variables }) },
        { name: "map", content: JSON.stringify({ "0": paths }) },
        filePart("0", "a"),
      ];
      expect(await upload(parts, ([a]) => take(a))).toBe("a");
    });
  });
});
