import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createMutationLimits } from "../../../src/app/server/mutation-limits.js";
import { createSchema } from "../../../src/app/wiring/schema.js";
import type { ViewerContext } from "../../../src/modules/identity/viewer.js";
import { codeIn } from "../../support/test-client.js";
import type { TestServer } from "../../support/test-server.js";
import { startTestServer } from "../../support/test-server.js";

let server: TestServer;

const NOTHING = randomUUID();
const LIMITS = {
  CREATIONS_PER_MINUTE: 2,
  CHANGES_PER_MINUTE: 2,
  MESSAGES_PER_MINUTE: 2,
  API_KEY_RATE_FACTOR: 3,
};

describe("mutations in a minute", () => {
  beforeAll(async () => {
    server = await startTestServer({
      env: { CREATIONS_PER_MINUTE: "3", CHANGES_PER_MINUTE: "5", MESSAGES_PER_MINUTE: "2" },
    });
  });
  afterAll(() => server?.close());

  const creating = [
    `createTicket(input: { companyId: "${NOTHING}", subject: "a" }) { id }`,
    `addReply(input: { ticketId: "${NOTHING}", body: "a" }) { id }`,
    `startConversation(input: { companyId: "${NOTHING}", subject: "a" }) { id }`,
    `inviteGuest(input: { conversationId: "${NOTHING}", displayName: "a" }) { url }`,
    `inviteMember(input: { companyId: "${NOTHING}", email: "a@b.test", role: AGENT }) { id }`,
  ];

  it("are bounded for what is new, together, with the time to wait; others are not held up", async () => {
    const agent = await server.signInAs("agent@acme.test");
    const other = await server.signInAs("customer@acme.test");
    const send = (mutation: string, token: string) => server.gql(`mutation { ${mutation} }`, {}, token);
    for (const mutation of creating.slice(0, 3))
      expect(codeIn(await send(mutation, agent.token))).not.toBe("RATE_LIMITED");
    for (const mutation of creating) {
      const { errors } = await send(mutation, agent.token);
      expect(errors?.[0]?.extensions).toMatchObject({ code: "RATE_LIMITED", status: 429 });
      expect(errors?.[0]?.extensions.retryAfter).toBeGreaterThan(0);
    }
    expect(codeIn(await send(creating[0]!, other.token))).not.toBe("RATE_LIMITED");
  });

  it("are bounded for messages by themselves, in the body and in headers", async () => {
    const customer = await server.signInAs("customer2@acme.test");
    const message = `sendMessage(input: { conversationId: "${NOTHING}", body: "a" }) { id }`;
    const send = (aliases: string) =>
      server.gql(
        `mutation { ${[...aliases].map((name) => `${name}: ${message}`).join(" ")} }`,
        {},
        customer.token,
      );
    const sent = await send("a");
    expect(sent.headers.get("ratelimit")).toMatch(/^"messages";r=1;t=\d+$/);
    expect(sent.headers.get("ratelimit-policy")).toBe('"messages";q=2;w=60');
    const { headers, errors } = await send("bc");
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(["NOT_FOUND", "RATE_LIMITED"]);
    const { retryAfter, ...figures } = errors![1]!.extensions;
    expect(figures).toEqual({ code: "RATE_LIMITED", status: 429, policy: "messages", limit: 2 });
    expect(headers.get("retry-after")).toBe(String(retryAfter));
    expect(headers.get("ratelimit")).toBe(`"messages";r=0;t=${retryAfter}`);
  });

  it("count from the second on in a request with files, which was counted as an upload", async () => {
    const { db } = server.database;
    const admit = createMutationLimits({ db, config: LIMITS });
    const viewer = { kind: "user", id: randomUUID() };
    const withFiles = () => ({ viewer, clientAddress: "::1", requestBytes: 100 }) as unknown as ViewerContext;
    for (let request = 0; request < 5; request++) await admit(withFiles(), "createTicket");
    const context = withFiles();
    for (let count = 0; count < 3; count++) await admit(context, "createTicket");
    await expect(admit(context, "createTicket")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    // Its body may come without a length.
    const chunked = () =>
      ({ viewer, clientAddress: "::1", requestBytes: null, requestFiles: 1 }) as unknown as ViewerContext;
    await admit(chunked(), "createTicket");
  });

  it("are five in one request at most for who is not signed in, whatever they are called", async () => {
    const refresh = (_: unknown, index: number) =>
      `r${index}: refreshSession(refreshToken: "nobody's") { expiresAt }`;
    const send = async (count: number) =>
      codeIn(await server.gql(`mutation { ${Array.from({ length: count }, refresh).join(" ")} }`));
    expect(await send(5)).toBe("UNAUTHENTICATED");
    const { db } = server.database;
    const admit = createMutationLimits({ db, config: LIMITS });
    const request = () =>
      ({
        viewer: { kind: "anonymous" },
        clientAddress: "::1",
        requestBytes: null,
      }) as unknown as ViewerContext;
    const context = request();
    for (let count = 0; count < 5; count++) await admit(context, "refreshSession");
    await expect(admit(context, "refreshSession")).rejects.toMatchObject({ code: "QUERY_TOO_COMPLEX" });
    await admit(request(), "refreshSession");
  });

  it("are bounded for every mutation there is", async () => {
    const { db } = server.database;
    const admit = createMutationLimits({ db, config: LIMITS });
    const schema = await createSchema();
    const elsewhere = [
      "changePassword",
      "joinAsGuest",
      "refreshSession",
      "resetPassword",
      "signIn",
      "startTyping",
    ];
    for (const name of Object.keys(schema.getMutationType()?.getFields() ?? {})) {
      const viewer = { kind: "user", id: randomUUID() };
      const context = { viewer, clientAddress: "::1", requestBytes: null } as unknown as ViewerContext;
      await admit(context, name);
      await admit(context, name);
      const third = admit(context, name).then(
        () => "admitted",
        ({ code }) => code,
      );
      expect(`${name}: ${await third}`).toBe(
        `${name}: ${elsewhere.includes(name) ? "admitted" : "RATE_LIMITED"}`,
      );
    }
  });
});
