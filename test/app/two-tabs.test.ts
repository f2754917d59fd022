import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { ServerPair } from "../support/server-pair.js";
import { startServerPair } from "../support/server-pair.js";
import { postGraphQL } from "../support/test-client.js";

let pair: ServerPair;

interface Answer {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }";
const REFRESH =
  "mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken refreshToken } }";

describe("two tabs", () => {
  beforeAll(async () => {
    pair = await startServerPair();
  });

  afterAll(() => pair.close());

  it("gives tabs that refresh at once, at two servers, one session whose tokens both take", async () => {
    const input = { email: "agent@acme.test", password: DEMO_PASSWORD };
    const signedIn = await postGraphQL<{ signIn: Answer }, unknown>(pair.urls[0], SIGN_IN, { input });
    let token = signedIn.data!.signIn.refreshToken;
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        [...pair.urls, ...pair.urls].map((url) =>
          postGraphQL<{ refreshSession: Answer }, unknown>(url, REFRESH, { token }),
        ),
      );
      const sessions = answers.map(({ data }) => data!.refreshSession);
      const [next, ...others] = new Set(sessions.map(({ refreshToken }) => refreshToken));
      expect(others).toEqual([]);
      expect(next).not.toBe(token);
      token = next!;
      for (const { accessToken } of sessions)
        for (const url of pair.urls)
          expect((await postGraphQL(url, "{ viewer { user { email } } }", {}, accessToken)).data).toEqual({
            viewer: { user: { email: input.email } },
          });
    }
  });
});
