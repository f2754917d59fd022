import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createWebSources } from "../../../../src/modules/media/import/web-source.js";
import { plainHost } from "../../../../src/platform/http/outgoing/public-address.js";

const BYTES = Buffer.from("time,door\n08:02,204\n");

let server: Server;
let port: number;
let asked: string[] = [];
let headers: IncomingMessage["headers"] = {};
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** Every name leads to this machine, as an attacker's name may. */
const resolved: string[] = [];
const fetchOf = async (
  url: string,
  more: { allow?: string[]; maxBytes?: number; silenceMs?: number; leastBytesPerSecond?: number } = {},
) => {
  const web = createWebSources({
    resolve: async (name) => {
      resolved.push(name);
      return [{ address: "127.0.0.1", family: 4 }];
    },
    allowedHosts: new Set(more.allow ?? ["files.internal"]),
    silenceMs: more.silenceMs ?? 5_000,
    totalMs: 10_000,
    ...(more.leastBytesPerSecond && { leastBytesPerSecond: more.leastBytesPerSecond }),
  });
  try {
    const source = await web.open({
      url,
      maxBytes: more.maxBytes ?? 1_000_000,
      signal: new AbortController().signal,
    });
    return { fileName: source.fileName, bytes: await buffer(source.stream) };
  } finally {
    web.close();
  }
};
const at = (path: string, host = "files.internal") => `http://${host}:${port}${path}`;

describe("a file on the web", () => {
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.headers.host?.split(":")[0]}${request.url}`);
      ({ headers } = request);
      answer(request, response);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => {
    asked = [];
    answer = (_, response) => response.end(BYTES);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("is fetched from a host that is allowed by name, without a word about us", async () => {
    expect(await fetchOf(at("/logs/door.csv?id=3"))).toEqual({ fileName: "door.csv", bytes: BYTES });
    expect(Object.keys(headers).sort()).toEqual([
      "accept",
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
    ]);
  });

  it.each([
    ["the path", "/a/room%20204.jpg", undefined, "room 204.jpg"],
    ["the path without what the program is called", "/download.php?file=1", undefined, "download"],
    ["the header before the path", "/x.bin", 'attachment; filename="door.csv"', "door.csv"],
    ["the header in UTF-8", "/x", "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf", "résumé.pdf"],
    ["the path when the header names none", "/door.csv", "attachment; filename=", "door.csv"],
    ["the path when it cannot be decoded", "/%E0%A4%A.csv", undefined, "%E0%A4%A.csv"],
    ["nothing", "/", undefined, ""],
  ])("has its name from %s", async (_from, path, disposition, name) => {
    answer = (_, response) => {
      if (disposition) response.setHeader("content-disposition", disposition);
      response.end(BYTES);
    };
    expect((await fetchOf(at(path))).fileName).toBe(name);
  });

  it.each([
    ["an address", () => at("/", "127.0.0.1")],
    ["an address written as a number", () => at("/", "2130706433")],
    ["an address of IPv6", () => at("/", "[::1]")],
    ["an IPv4 address in IPv6", () => at("/", "[::ffff:127.0.0.1]")],
    ["the metadata of a cloud", () => "http://169.254.169.254/latest/meta-data/"],
    ["a name that leads into a private network", () => at("/", "rebind.example")],
  ])("is refused at %s, before anything is sent there", async (_what, url) => {
    await expect(fetchOf(url())).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    expect(asked).toEqual([]);
  });

  it.each(["2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "Rebind.EXAMPLE", "bücher.example"])(
    "is refused with the advice to allow its host as it is written: %s",
    async (host) => {
      const advice = expect.stringContaining(`--allow-host ${host} if`);
      await expect(fetchOf(at("/", host))).rejects.toMatchObject({ message: advice });
    },
  );

  it.each(["2130706433", "0x7f.1", "Rebind.EXAMPLE", "bücher.example", "[::ffff:127.0.0.1]"])(
    "is fetched when its host is allowed as it is written: %s",
    async (host) => {
      expect((await fetchOf(at("/", host), { allow: [plainHost(host)] })).bytes).toEqual(BYTES);
    },
  );

  it("is refused when a host that is allowed redirects to one that is not", async () => {
    answer = (_, response) => response.writeHead(302, { location: at("/secret", "rebind.example") }).end();
    await expect(fetchOf(at("/a"))).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    answer = (_, response) => response.writeHead(302, { location: at("/secret", "127.0.0.1") }).end();
    await expect(fetchOf(at("/b"))).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    expect(asked).toEqual(["files.internal/a", "files.internal/b"]);
  });

  it("looks a name up once for each connection, and connects to what it looked at", async () => {
    resolved.length = 0;
    await fetchOf(at("/a"));
    expect(resolved).toEqual(["files.internal"]);
  });

  it("follows five redirects, and no sixth", async () => {
    answer = ({ url = "" }, response) => {
      const left = Number(url.slice(1));
      if (left === 0) response.end(BYTES);
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    };
    expect((await fetchOf(at("/5"))).bytes).toEqual(BYTES);
    await expect(fetchOf(at("/6"))).rejects.toMatchObject({ code: "SOURCE_BAD_ANSWER" });
  });

  it.each([
    ["file:///etc/passwd", /not by file/],
    ["ftp://example.com/a", /not by ftp/],
    ["http://name:secret@example.com/a", /name and a password/],
    ["http://", /not a URL/],
  ])("is refused as %s", async (url, message) => {
    await expect(fetchOf(url)).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
      message: expect.stringMatching(message),
    });
  });

  it("is refused when a redirect leaves the web", async () => {
    answer = (_, response) => response.writeHead(301, { location: "file:///etc/passwd" }).end();
    await expect(fetchOf(at("/"))).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  it.each([
    [404, false],
    [403, false],
    [204, false],
    [304, false],
    [500, true],
    [503, true],
    [429, true],
  ])("says the status %i; whether another attempt may help: %s", async (status, isPassing) => {
    answer = (_, response) => response.writeHead(status).end();
    await expect(fetchOf(at("/"))).rejects.toMatchObject({
      code: "SOURCE_BAD_ANSWER",
      isPassing,
      message: expect.stringContaining(`${status}`),
    });
  });

  it("is refused by its announced size before its bytes come", async () => {
    answer = (_, response) => response.writeHead(200, { "content-length": 2_000_000 }).write("a");
    await expect(fetchOf(at("/"))).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  });

  it("is refused compressed, which nobody asked for", async () => {
    answer = (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(BYTES);
    await expect(fetchOf(at("/"))).rejects.toMatchObject({ code: "SOURCE_BAD_ANSWER" });
  });

  it("fails when it ends too early", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setImmediate(() => response.destroy());
    };
    await expect(fetchOf(at("/"))).rejects.toThrow();
  });

  it("is given up when the server falls silent, before the answer and within it", async () => {
    answer = () => {};
    await expect(fetchOf(at("/"), { silenceMs: 100 })).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      isPassing: true,
    });
    answer = (_, response) => response.writeHead(200).write("half");
    await expect(fetchOf(at("/"), { silenceMs: 100 })).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
  });

  it("is given up when it drips, and not when it comes slowly and steadily", async () => {
    let drip: NodeJS.Timeout | undefined;
    const drips = (bytes: number, times: number) => {
      answer = (_, response) => {
        response.writeHead(200).flushHeaders();
        let left = times;
        drip = setInterval(() => {
          response.write(Buffer.alloc(bytes, "x"));
          if (--left === 0) response.end();
        }, 20);
        response.once("close", () => clearInterval(drip));
      };
    };
    const rules = { silenceMs: 400, leastBytesPerSecond: 10_000 };
    drips(1, 1_000);
    await expect(fetchOf(at("/"), rules)).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      isPassing: true,
      message: expect.stringContaining("a second"),
    });
    drips(10_000, 60);
    expect((await fetchOf(at("/"), rules)).bytes).toHaveLength(600_000);
  });

  it("says when nothing listens", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const free = (other.address() as AddressInfo).port;
    await new Promise((resolve) => other.close(resolve));
    await expect(fetchOf(`http://files.internal:${free}/`)).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("nothing listens there"),
    });
  });
});
