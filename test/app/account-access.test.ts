import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import type { EventSources } from "../support/event-sources.js";
import { openEventSources } from "../support/event-sources.js";
import { until } from "../support/feed-world.js";
import {
  ChangePasswordDocument,
  ConversationEventsUrlDocument,
  CreatePasswordResetDocument,
  CreateUserDocument,
  DeactivateUserDocument,
  EndOtherSessionsDocument,
  EndSessionDocument,
  ReactivateUserDocument,
  ResetPasswordDocument,
  SessionsDocument,
  SignInDocument,
  UpdateUserDocument,
  UserDocument,
  UsersDocument,
} from "../support/generated/operations.js";
import { clientOf } from "../support/own-events.js";
import { codeIn } from "../support/test-client.js";
import { textFile } from "../support/ticket-world.js";

const NEW = "a wholly new password";

let world: ChatWorld;
let companyId: string;
const opened: EventSources[] = [];

const admin = () => world.people.admin.token;
const signIn = async (email: string, password: string = DEMO_PASSWORD) =>
  world.server.gql(SignInDocument, { input: { email, password } });

/** A new agent of the company, signed in, who follows a conversation in both ways and has been given a file's URL. */
async function somebodyAtWork() {
  const { server, people } = world;
  const email = `${randomUUID()}@example.test`;
  const account = { email, name: "Nora New", password: DEMO_PASSWORD };
  const { id } = (await server.gql(CreateUserDocument, { input: account }, admin())).data!.createUser;
  const member = `mutation ($input: SetMembershipInput!) { setMembership(input: $input) { id } }`;
  await server.gql(member, { input: { companyId, email, role: "AGENT" } }, admin());
  const session = (await signIn(email)).data!.signIn;
  const token = session.accessToken;
  const conversationId = await world.start({ companyId });
  await world.say(people.agent, conversationId, { body: "Hello", files: [textFile("hello.txt")] });
  const asked = `query ($id: ID!) { conversation(id: $id) { messages { nodes { attachments { nodes { url } } } } } }`;
  const { data } = await server.gql<{
    conversation: { messages: { nodes: { attachments: { nodes: { url: string }[] } }[] } };
  }>(asked, { id: conversationId }, token);
  const fileUrl = data!.conversation.messages.nodes[0]!.attachments.nodes[0]!.url;
  const eventsUrl = (await server.gql(ConversationEventsUrlDocument, { id: conversationId }, token)).data!
    .conversation!.eventsUrl;
  const sources = openEventSources({ stream: eventsUrl });
  opened.push(sources);
  const socket = followBySocket(token, conversationId);
  await until(() => sources.states.stream?.[0] === "open" && socket.heard() > 0);
  const statusOf = async (url: string) => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  };
  expect([await statusOf(fileUrl), await statusOf(eventsUrl)]).toEqual([200, 200]);
  return { id, email, session, token, fileUrl, eventsUrl, states: sources.states, socket, statusOf };
}

function followBySocket(token: string, conversationId: string) {
  let heard = 0;
  let ended = false;
  const end = () => {
    ended = true;
    void client.dispose();
  };
  const client = clientOf(world.server, { token });
  client.subscribe(
    {
      query: `subscription { conversationEvents(conversationId: "${conversationId}", after: "0") { cursor } }`,
    },
    { next: () => void heard++, error: end, complete: end },
  );
  return { heard: () => heard, hasEnded: () => ended, stop: () => void client.dispose() };
}

type AtWork = Awaited<ReturnType<typeof somebodyAtWork>>;

/** Waits for what is open to end, and asks with what they had. */
async function seeEnded({ session, token, eventsUrl, states, socket, statusOf }: AtWork): Promise<void> {
  await until(() => states.stream?.at(-1) === "closed" && socket.hasEnded());
  expect(await statusOf(eventsUrl)).toBe(401);
  expect((await world.server.gql("{ viewer { user { id } } }", {}, token)).data).toEqual({ viewer: null });
  const refresh = `mutation ($t: String!) { refreshSession(refreshToken: $t) { expiresAt } }`;
  expect(codeIn(await world.server.gql(refresh, { t: session.refreshToken }))).toBe("UNAUTHENTICATED");
}

describe("What somebody has open ends at once", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
  });
  afterEach(async () => {
    for (const sources of opened.splice(0)) await sources.close();
  });
  afterAll(() => world?.close());

  it("when they are locked out, file URLs as well, and nothing comes back with them", async () => {
    const person = await somebodyAtWork();
    const wrong = await signIn(person.email, "not the password");
    const locked = await world.server.gql(DeactivateUserDocument, { id: person.id }, admin());
    expect(locked.data?.deactivateUser.deactivatedAt).toEqual(expect.any(String));
    await seeEnded(person);
    expect(await person.statusOf(person.fileUrl)).not.toBe(200);
    const refused = await signIn(person.email);
    expect([refused.status, refused.errors?.[0]?.message]).toEqual([
      wrong.status,
      wrong.errors?.[0]?.message,
    ]);
    const { data } = await world.server.gql(UsersDocument, { isDeactivated: true, first: 100 }, admin());
    expect(data?.users.nodes.map(({ id }) => id)).toContain(person.id);
    const back = await world.server.gql(ReactivateUserDocument, { id: person.id }, admin());
    expect(back.data?.reactivateUser).toMatchObject({ name: "Nora New", deactivatedAt: null });
    await seeEnded(person);
    expect(codeIn(await signIn(person.email))).toBe("ok");
  });

  it("when a new password is set by a link", async () => {
    const person = await somebodyAtWork();
    const made = await world.server.gql(CreatePasswordResetDocument, { userId: person.id }, admin());
    const { token, url } = made.data!.createPasswordReset;
    expect(url).toBe(`${world.server.url}/reset-password#${token}`);
    const use = () => world.server.gql(ResetPasswordDocument, { input: { token, newPassword: NEW } });
    expect((await use()).data).toEqual({ resetPassword: true });
    await seeEnded(person);
    expect(codeIn(await use())).toBe("UNAUTHENTICATED");
    expect(codeIn(await signIn(person.email, NEW))).toBe("ok");
  });

  it.each(["changePassword", "endSession", "endOtherSessions"])(
    "when they say %s elsewhere, and only there",
    async (what) => {
      const person = await somebodyAtWork();
      const here = (await signIn(person.email)).data!.signIn.accessToken;
      const { data } = await world.server.gql(SessionsDocument, {}, here);
      const other = data!.viewer!.sessions.find(({ isCurrent }) => !isCurrent)!;
      expect(other).toMatchObject({ address: "127.0.0.1", userAgent: "node" });
      const answers = {
        changePassword: () =>
          world.server.gql(
            ChangePasswordDocument,
            { input: { currentPassword: DEMO_PASSWORD, newPassword: NEW } },
            here,
          ),
        endSession: () => world.server.gql(EndSessionDocument, { id: other.id }, here),
        endOtherSessions: () => world.server.gql(EndOtherSessionsDocument, {}, here),
      };
      expect(codeIn(await answers[what as keyof typeof answers]())).toBe("ok");
      await seeEnded(person);
      const left = await world.server.gql(SessionsDocument, {}, here);
      expect(left.data?.viewer?.sessions).toMatchObject([{ isCurrent: true }]);
    },
  );

  it("but not when somebody changes their name", async () => {
    const person = await somebodyAtWork();
    const input = { id: person.id, name: "Nora Newer" };
    expect(codeIn(await world.server.gql(UpdateUserDocument, { input }, person.token))).toBe("ok");
    const { data } = await world.server.gql(UserDocument, { id: person.id }, person.token);
    expect(data?.user).toMatchObject({ name: "Nora Newer", deactivatedAt: null });
    expect([person.states.stream, person.socket.hasEnded()]).toEqual([["open"], false]);
    person.socket.stop();
  });
});
