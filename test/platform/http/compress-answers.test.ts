import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import { fastify } from "fastify";
import { compressAnswers } from "../../../src/platform/http/compress-answers.js";

const LIST = JSON.stringify(Array.from({ length: 100 }, (_, n) => ({ id: n, subject: "The lamp flickers" })));
const LONG = JSON.stringify({ text: randomBytes(4 * 1024 * 1024).toString("base64") });
const JSON_TYPE = "application/json; charset=utf-8";

let app: FastifyInstance;
let origin: string;

/** As it comes; `fetch` would unpack it. */
async function get(path: string, encodings?: string) {
  const headers = encodings === undefined ? {} : { "accept-encoding": encodings };
  const request = httpRequest(`${origin}${path}`, { headers, agent: false }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { headers: response.headers, body: await buffer(response) };
}

describe("compression", () => {
  beforeAll(async () => {
    app = fastify();
    app.addHook("onRequest", async (_request, reply) => {
      reply.header("vary", "Origin");
    });
    compressAnswers(app);
    const route = (path: string, type: string, body: () => unknown) =>
      app.get(path, (_request, reply) => reply.type(type).send(body()));
    route("/list", JSON_TYPE, () => LIST);
    route("/response", "application/graphql-response+json; charset=utf-8", () => LIST);
    route("/long", JSON_TYPE, () => LONG);
    route("/short", JSON_TYPE, () => '{"accessToken":"secret"}');
    route("/page", "text/html", () => LIST);
    route("/file", JSON_TYPE, () => Buffer.from(LIST));
    route("/stream", JSON_TYPE, () => Readable.from([LIST]));
    origin = await app.listen({ port: 0, host: "127.0.0.1" });
  });
  afterAll(() => app.close());

  it.each([
    ["/list", "gzip"],
    ["/list", "gzip, deflate, br, zstd"],
    ["/list", "identity;q=0.5, gzip"],
    ["/response", "*"],
  ])("makes %s smaller for who accepts %s", async (url, encodings) => {
    const { headers, body } = await get(url, encodings);
    expect(headers).toMatchObject({ "content-encoding": "gzip", vary: "Origin, Accept-Encoding" });
    expect(Number(headers["content-length"])).toBe(body.length);
    expect(body.length).toBeLessThan(LIST.length / 5);
    expect(gunzipSync(body).toString()).toBe(LIST);
  });

  it.each([undefined, "", "br", "identity", "gzip;q=0", "gzip;q=0.1, identity"])(
    "is left to clients that accept it, which %s does not say",
    async (encodings) => {
      const { headers, body } = await get("/list", encodings);
      expect(headers["content-encoding"]).toBeUndefined();
      expect(headers.vary).toBe("Origin, Accept-Encoding");
      expect(body.toString()).toBe(LIST);
    },
  );

  it.each(["/short", "/page", "/file", "/stream"])("leaves %s alone", async (url) => {
    const { headers } = await get(url, "gzip");
    expect(headers["content-encoding"]).toBeUndefined();
    expect(headers.vary).toBe("Origin");
  });

  it("lets nobody wait: what comes while two are compressed goes out as it is", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => get("/long", "gzip")));
    const compressed = answers.filter(({ headers }) => headers["content-encoding"] === "gzip");
    expect(compressed).toHaveLength(2);
    for (const { body } of compressed) expect(gunzipSync(body).toString() === LONG).toBe(true);
    for (const answer of answers)
      if (!compressed.includes(answer)) expect(answer.body.toString() === LONG).toBe(true);
    expect((await get("/long", "gzip")).headers["content-encoding"]).toBe("gzip");
  });
});
