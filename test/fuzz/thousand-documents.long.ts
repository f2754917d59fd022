import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const LANES = 10;
const OF_A_LANE = 100;

/** Fragments that double at each level, left out by a condition, so that no field of them is ever read. */
function doublingDocument(alias: string): string {
  const fragments = Array.from(
    { length: 40 },
    (_, n) => `fragment f${n} on Ticket { ...f${n + 1} ...f${n + 1} }`,
  );
  return `query { ticket(id: "0190a000-0000-7000-8000-000000000000") { ${alias}: __typename ... on Ticket @include(if: false) { ...f0 } } }
    ${fragments.join(" ")} fragment f40 on Ticket { __typename }`;
}

describe("a thousand documents whose fragments double", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server?.close());

  const send = async (query: string): Promise<void> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    await response.text();
  };

  /** How long somebody else waits at worst, in milliseconds, while a thousand documents are sent. */
  async function worstWait(document: (alias: string) => string): Promise<number> {
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let n = 0; n < OF_A_LANE; n++) await send(document(`a${lane * 50 + (n % 50)}`));
    });
    let isSent = false;
    const sending = Promise.all(lanes).then(() => {
      isSent = true;
    });
    let worst = 0;
    while (!isSent) {
      const since = performance.now();
      await (await fetch(`${server.url}/healthz`)).text();
      worst = Math.max(worst, performance.now() - since);
    }
    await sending;
    return worst;
  }

  it("hold up nobody else more than a thousand ordinary ones", async () => {
    const floor = await worstWait((alias) => `{ ${alias}: __typename }`);
    expect(await worstWait(doublingDocument)).toBeLessThan(4 * floor + 100);
  });
});
