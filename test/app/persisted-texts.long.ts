import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { GraphQLAnswer } from "../support/test-client.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;
let token: string;

const nobodys = (n: number) => `{ n${n}: __typename }`;

/** Sends a persisted query, with its text or by its hash alone. */
async function ask(text: string, { byHash = false, as }: { byHash?: boolean; as?: string } = {}) {
  const sha256Hash = createHash("sha256").update(text).digest("hex");
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer(as) },
    body: JSON.stringify({ ...(!byHash && { query: text }), extensions }),
  });
  return codeIn((await response.json()) as GraphQLAnswer<unknown>);
}

describe("persisted texts", () => {
  beforeAll(async () => {
    server = await startTestServer();
    token = (await server.signInAs("agent@acme.test")).token;
  });

  afterAll(() => server?.close());

  it("keeps the texts of callers with a sign-in, however many others send", async () => {
    const text = "{ viewer { user { id } } }";
    expect(await ask(text, { as: token })).toBe("ok");
    const [count, atOnce] = [1_100, 20];
    for (let n = 0; n < count; n += atOnce)
      await Promise.all(Array.from({ length: atOnce }, (_, m) => ask(nobodys(n + m))));
    expect(await ask(text, { as: token, byHash: true })).toBe("ok");
    expect(await ask(nobodys(count - 1), { byHash: true })).toBe("ok");
    expect(await ask(nobodys(0), { byHash: true })).toBe("PERSISTED_QUERY_NOT_FOUND");
  });
});
