import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createFaultLog } from "../support/fault-log.js";
import type { GraphQLAnswer } from "../support/test-client.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const MIB = 1024 * 1024;
const { log, faults } = createFaultLog();
let server: TestServer;
let token: string;

interface Sent {
  readonly body?: string | ReadableStream;
  readonly token?: string;
  readonly query?: string;
}

async function send({ body, query = "", token: as }: Sent) {
  const response = await fetch(`${server.url}/graphql${query}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", "apollo-require-preflight": "true", ...bearer(as) },
    ...(body !== undefined && { body, duplex: "half" }),
  } as RequestInit);
  const answer = (await response.json()) as GraphQLAnswer<unknown>;
  return { status: response.status, code: codeIn(answer), message: JSON.stringify(answer) };
}

const brackets = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const keys = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [n.toString(36), 1])));
const asking = (name: string, json: string) => `{"query":"{ __typename }","${name}":${json}}`;
const ofLength = (length: number, operation = "{ __typename }") => {
  const body = asking("unused", JSON.stringify("")).replace("{ __typename }", operation);
  return body.replace('""', `"${"x".repeat(length - body.length)}"`);
};

describe("request bodies", () => {
  beforeAll(async () => {
    server = await startTestServer({ log });
    token = (await server.signInAs("agent@acme.test")).token;
  });

  // Nothing that a client sends is logged as a fault of ours.
  afterEach(() => expect(faults).toEqual([]));

  afterAll(() => server?.close());

  describe("a body", () => {
    it.each([
      ["half a million lists in one another", asking("variables", brackets(MIB / 2 - 100))],
      ["lists in one another, which nobody closes", asking("variables", "[".repeat(MIB - 100))],
      ["a hundred thousand variables", asking("variables", keys(100_000))],
      ["a hundred thousand extensions", asking("extensions", keys(100_000))],
      ["a hundred thousand operations", `[${"{},".repeat(100_000)}{}]`],
    ])("with %s is refused before it is parsed", async (_what, body) => {
      const parsed = jest.spyOn(JSON, "parse");
      try {
        expect(await send({ body, token })).toMatchObject({ status: 400, code: "QUERY_TOO_COMPLEX" });
        expect(parsed.mock.calls.some(([text]) => text === body)).toBe(false);
        const taken = asking("variables", "{}");
        expect(await send({ body: taken, token })).toMatchObject({ status: 200 });
        expect(parsed.mock.calls.some(([text]) => text === taken)).toBe(true);
      } finally {
        parsed.mockRestore();
      }
    });

    it.each([
      ["of 128 KiB by nobody", ofLength(128 * 1024), undefined],
      ["of a megabyte by somebody", ofLength(MIB), "somebody"],
      ["with 5,000 values", asking("extensions", `{"a":${JSON.stringify(Array(4_900).fill(0))}}`), undefined],
    ])("%s is taken", async (_what, body, who) => {
      const answer = await send({ body, ...(who && { token }) });
      expect(answer).toMatchObject({ status: 200, code: "ok" });
    });

    it("of more than 128 KiB is taken after a sign-in only", async () => {
      const body = ofLength(128 * 1024 + 1);
      const refused = await send({ body });
      expect(refused).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
      expect(refused.message).toContain("128 KiB");
      expect(await send({ body, token: "forged.to.ken" })).toMatchObject({ status: 401 });
      expect(await send({ body: new Blob([body]).stream() })).toMatchObject({ status: 401 });
      expect(await send({ body: new Blob([body]).stream(), token })).toMatchObject({ status: 200 });
    });

    it("of more than a megabyte is not taken", async () => {
      expect(await send({ body: ofLength(MIB + 1), token })).toMatchObject({ status: 413 });
      expect(await send({ body: ofLength(MIB + 1) })).toMatchObject({ status: 413 });
    });

    it.each([
      ["bytes", ofLength(MIB / 2)],
      ["values", asking("extensions", keys(2_000))],
    ])("with many %s may be one of sixteen of a caller that wait", async (_what, body) => {
      const sixty = async () =>
        (await Promise.all(Array.from({ length: 60 }, () => send({ body, token })))).map(({ code }) => code);
      // How many wait at the same time depends on how fast they arrive.
      let codes = await sixty();
      for (let more = 0; more < 20 && !codes.includes("RATE_LIMITED"); more++) codes = await sixty();
      expect(new Set(codes)).toEqual(new Set(["ok", "RATE_LIMITED"]));
      expect(codes.filter((code) => code === "ok").length).toBeGreaterThanOrEqual(16);
      expect(await send({ body, token })).toMatchObject({ code: "ok" });
    });
  });

  describe("a parameter of a GET", () => {
    it.each([
      ["variables", brackets(1_500)],
      ["extensions", brackets(1_500)],
      ["variables", `{"a":[${"1,".repeat(5_000)}1]}`],
    ])("%s beyond the limits is refused before it is parsed", async (name, json) => {
      const query = `?query={__typename}&${name}=${json}`;
      expect(await send({ query })).toMatchObject({ status: 400, code: "QUERY_TOO_COMPLEX" });
    });
  });

  describe("a cursor", () => {
    it("of thousands of characters is not decoded", async () => {
      const after = Buffer.from(brackets(300_000)).toString("base64url");
      const body = JSON.stringify({
        query: "query ($after: String) { tickets(after: $after) { nodes { id } } }",
        variables: { after },
      });
      const parsed = jest.spyOn(JSON, "parse");
      try {
        expect(await send({ body, token })).toMatchObject({ code: "BAD_USER_INPUT" });
        expect(parsed.mock.calls.some(([text]) => text.startsWith("[["))).toBe(false);
      } finally {
        parsed.mockRestore();
      }
    });
  });
});
