import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "@jest/globals";
import type { FastifyServerOptions } from "fastify";
import Fastify from "fastify";
import { baseUrl } from "../../../src/platform/http/base-url.js";

/** What a real server takes for its base when a client writes these lines by hand. */
async function baseSeen(lines: readonly string[], options: FastifyServerOptions = {}, publicUrl?: string) {
  const app = Fastify({ ...options, http: { requireHostHeader: false } } as FastifyServerOptions);
  app.get("/", (request) => ({ base: baseUrl(request, publicUrl) }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as { port: number };
  try {
    const socket = connect(port, "127.0.0.1");
    socket.write(`${["GET / HTTP/1.1", ...lines, "Connection: close"].join("\r\n")}\r\n\r\n`);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    await once(socket, "close");
    const { base } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as { base: string };
    return base.replace(String(port), "PORT");
  } finally {
    await app.close();
  }
}

const behindProxy = { trustProxy: "127.0.0.1" };
const forwarded = ["Host: 10.0.0.5:4000", "X-Forwarded-Proto: https", "X-Forwarded-Host: desk.example"];

describe("the base of the URLs that are given out", () => {
  it.each([
    "desk.example",
    "desk.example:8080",
    "localhost",
    "192.168.0.7:4000",
    "[::1]:4000",
    "my_host-1.lan",
  ])("is what the client used: %s", async (host) =>
    expect(await baseSeen([`Host: ${host}`])).toBe(`http://${host}`),
  );

  it("is PUBLIC_URL where that is set, with its path and without the slash at its end", async () => {
    expect(await baseSeen(forwarded, behindProxy, "https://example.com/desk/")).toBe(
      "https://example.com/desk",
    );
  });

  it("follows the headers of a trusted proxy", async () => {
    expect(await baseSeen(forwarded, behindProxy)).toBe("https://desk.example");
  });

  it("does not follow the headers of anybody else", async () => {
    expect(await baseSeen(forwarded)).toBe("http://10.0.0.5:4000");
    expect(await baseSeen(forwarded, { trustProxy: "10.9.9.9" })).toBe("http://10.0.0.5:4000");
  });

  it.each([
    "evil.example/path",
    "user@evil.example",
    "evil.example?x",
    "a b",
    '"><script>',
    "evil.example:port",
    "desk.example:99999",
    "[not-an-address]",
    "",
  ])("is the server's own address when the Host is %j", async (host) => {
    expect(await baseSeen([`Host: ${host}`])).toBe("http://127.0.0.1:PORT");
  });

  it("is the server's own address when there is no Host", async () => {
    expect(await baseSeen([])).toBe("http://127.0.0.1:PORT");
  });

  it("does not take a scheme from a proxy that is not of the web", async () => {
    const lines = ["Host: desk.example", "X-Forwarded-Proto: javascript"];
    expect(await baseSeen(lines, behindProxy)).toBe("http://desk.example");
  });
});
