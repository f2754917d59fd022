import { afterEach, describe, expect, it } from "@jest/globals";
import { signInFrom } from "../support/sign-in-from.js";
import { codeIn } from "../support/test-client.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;

const signIn = (address: string) =>
  signInFrom({ url: server.url, address, email: "agent@acme.test", password: "wrong" });

describe("sign-in attempts", () => {
  afterEach(() => server?.close());

  it("are counted for the address of the connection, whatever it says of itself", async () => {
    server = await startTestServer({ env: { SIGN_INS_PER_MINUTE: "3" } });
    const answers = [];
    for (let n = 1; n <= 4; n++) answers.push(await signIn(`203.0.113.${n}`));
    expect(answers.map(codeIn)).toEqual([...Array(3).fill("UNAUTHENTICATED"), "RATE_LIMITED"]);
    expect(answers.map(({ headers }) => headers.get("ratelimit")?.replaceAll(/t=\d+/g, "t"))).toEqual([
      '"sign-ins-of-network";r=29;t, "sign-ins";r=2;t',
      '"sign-ins-of-network";r=28;t, "sign-ins";r=1;t',
      '"sign-ins-of-network";r=27;t, "sign-ins";r=0;t',
      '"sign-ins-of-network";r=26;t, "sign-ins";r=0;t',
    ]);
    const keys = await server.database.sql<{ key: string }[]>`select key from rate_limits order by key`;
    expect(keys.map(({ key }) => key)).toEqual([
      "sign-ins-of-account:agent@acme.test",
      "sign-ins-of-network:address:127.0.0.1",
      "sign-ins:address:127.0.0.1 agent@acme.test",
    ]);
  });

  it("are counted for the address that the trusted proxy has seen, whatever comes before it", async () => {
    server = await startTestServer({ env: { SIGN_INS_PER_MINUTE: "3", TRUST_PROXY: "127.0.0.1" } });
    const answers = [];
    for (let n = 1; n <= 4; n++)
      answers.push(codeIn(await signIn(`198.51.100.${n}, not an address, 2001:db8:1:2::${n}`)));
    expect(answers).toEqual([...Array(3).fill("UNAUTHENTICATED"), "RATE_LIMITED"]);
    expect(codeIn(await signIn("2001:db8:1:3::1"))).toBe("UNAUTHENTICATED");
  });
});
