import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { ChatWorld, Speaker } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import type { EventSources } from "../support/event-sources.js";
import { openEventSources } from "../support/event-sources.js";
import { until } from "../support/feed-world.js";
import { followMessages } from "../support/follow-messages.js";
import { followStream } from "../support/follow-stream.js";
import {
  ConversationEventsUrlDocument,
  MediaFileEventsUrlDocument,
  RevokeGuestDocument,
  SignInDocument,
  TicketEventsUrlDocument,
} from "../support/generated/operations.js";
import { textFile } from "../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;
const opened: EventSources[] = [];

function open(urls: Record<string, string>): EventSources {
  const sources = openEventSources(urls);
  opened.push(sources);
  return sources;
}

const conversationUrl = async (by: Pick<Speaker, "token">, id: string): Promise<string> =>
  (await world.server.gql(ConversationEventsUrlDocument, { id }, by.token)).data!.conversation!.eventsUrl;

const ticketUrl = async (by: Pick<Speaker, "token">, id: string): Promise<string> =>
  (await world.server.gql(TicketEventsUrlDocument, { id }, by.token)).data!.ticket!.eventsUrl;

const filesUrl = async (by: Pick<Speaker, "token">, id = companyId) =>
  (await world.server.gql(MediaFileEventsUrlDocument, { companyId: id }, by.token)).data!.company
    ?.mediaFileEventsUrl;

const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
};

describe("The URL of events", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
  });
  afterEach(async () => {
    for (const sources of opened.splice(0)) await sources.close();
  });
  afterAll(() => world?.close());

  it("is all that a browser's EventSource needs, which goes on by itself where it was cut off", async () => {
    const id = await world.start({ companyId, room: "204" });
    const guest = await world.guestIn(id, "Room 204");
    const first = await world.say(guest, id, { body: "Towels, please", files: [textFile("wish.txt")] });
    await world.say(world.people.agent, id, { body: "On their way", replyToId: first.id });
    const { heard, states } = open({ agent: `${await conversationUrl(world.people.agent, id)}&after=0` });
    await until(() => heard.filter(({ type }) => type === "MessageAdded").length === 2);
    expect(heard.find(({ type }) => type === "MessageAdded")?.data).toMatchObject({
      __typename: "MessageAdded",
      message: {
        id: first.id,
        body: "Towels, please",
        sender: { __typename: "Guest", id: guest.id, name: "Room 204" },
        replyTo: null,
        attachments: { nodes: [{ fileName: "wish.txt", uploader: { name: "Room 204" } }] },
      },
    });
    const [, second] = heard.filter(({ type }) => type === "MessageAdded");
    expect(second?.data.message.replyTo).toEqual({ id: first.id });
    expect(
      await statusOf(
        heard.find(({ data }) => data.message?.attachments.nodes[0])!.data.message.attachments.nodes[0].url,
      ),
    ).toBe(200);

    await world.server.restart();
    await world.say(guest, id, "Thank you");
    await until(() => heard.some(({ data }) => data.message?.body === "Thank you"));
    const log = await world.log(id);
    expect(heard.map((event) => event.id)).toEqual(log.map(({ sequence }) => String(sequence)));
    expect(states.agent?.filter((state) => state === "open")).toHaveLength(2);
  });

  it("names a topic by an id in capitals as well, which opens the same stream", async () => {
    const { agent } = world.people;
    const id = await world.start({ companyId });
    const [stream, socket] = [
      followStream(world.server.url, `conversation:${id.toUpperCase()}`, agent.token),
      followMessages({
        urlOf: () => world.server.url,
        token: agent.token,
        conversationId: id.toUpperCase(),
      }),
    ];
    const { id: messageId } = await world.say(agent, id, "Hello");
    await until(() => [stream.events, socket.told].every((told) => JSON.stringify(told).includes(messageId)));
    await Promise.all([stream.stop(), socket.stop()]).catch(() => {});
  });

  it("tells of tickets and of a company's files as well, to each what is for them", async () => {
    const { requester, agent } = world.people;
    const { id: ticketId } = await world.openTicket(requester, { companyId });
    const urls = {
      requester: `${await ticketUrl(requester, ticketId)}&after=0`,
      agent: `${await ticketUrl(agent, ticketId)}&after=0`,
      files: (await filesUrl(agent))!,
    };
    const { heard, states } = open(urls);
    await until(() => Object.values(states).every(([state]) => state === "open"));
    await world.addReply(agent, { ticketId, body: "Among us", isInternal: true });
    await world.addReply(agent, { ticketId, body: "For all", files: [textFile("how.txt")] });
    const of = (source: string, type: string) =>
      heard.filter((one) => one.source === source && one.type === type).map(({ data }) => data);
    await until(
      () => of("requester", "ReplyAdded").length === 1 && of("files", "MediaFileAdded").length === 1,
    );
    await until(() => of("agent", "ReplyAdded").length === 2);
    expect(of("agent", "ReplyAdded").map(({ reply }) => reply.body)).toEqual(["Among us", "For all"]);
    const [told] = of("requester", "ReplyAdded");
    expect(told.reply).toMatchObject({ body: "For all", isInternal: false, author: { id: agent.id } });
    expect(told.reply.attachments.nodes).toMatchObject([{ fileName: "how.txt" }]);
    const [{ mediaFile }] = of("files", "MediaFileAdded");
    expect(mediaFile).toMatchObject({ fileName: "how.txt", kind: "TEXT", uploader: { id: agent.id } });
    expect(await statusOf(mediaFile.url)).toBe(200);
  });

  it("ends when a guest is sent away, for what is open and for ever", async () => {
    const id = await world.start({ companyId });
    const [guest, other] = [await world.guestIn(id), await world.guestIn(id)];
    const url = await conversationUrl(guest, id);
    const { states } = open({ guest: url, other: await conversationUrl(other, id) });
    await until(() => states.guest?.[0] === "open" && states.other?.[0] === "open");
    await world.server.gql(RevokeGuestDocument, { id: guest.id }, world.people.agent.token);
    await until(() => states.guest?.at(-1) === "closed");
    expect(await statusOf(url)).toBe(401);
    expect(states.other).toEqual(["open"]);
  });

  it("ends with the session that asked for it, and with no other", async () => {
    const { agent } = world.people;
    const signIn = async () => {
      const input = { email: agent.email, password: DEMO_PASSWORD };
      return (await world.server.gql(SignInDocument, { input })).data!.signIn;
    };
    const id = await world.start({ companyId });
    const [left, stayed] = [await signIn(), await signIn()];
    const url = await conversationUrl({ token: left.accessToken }, id);
    const lasting = await conversationUrl({ token: stayed.accessToken }, id);
    const { heard, states } = open({ left: url, stayed: lasting });
    await until(() => states.left?.[0] === "open" && states.stayed?.[0] === "open");
    const { refreshToken } = stayed;
    const refresh = `mutation ($refreshToken: String!) { refreshSession(refreshToken: $refreshToken) { expiresAt } }`;
    expect((await world.server.gql(refresh, { refreshToken })).errors).toBeUndefined();
    await world.server.gql("mutation { signOut }", {}, left.accessToken);
    await until(() => states.left?.at(-1) === "closed");
    await world.say(agent, id, "Who is still there?");
    await until(() => heard.some(({ type }) => type === "MessageAdded"));
    expect(heard).toMatchObject([
      { source: "left", type: "error", data: { code: "UNAUTHENTICATED", status: 401 } },
      { source: "stayed", type: "MessageAdded", data: { message: { body: "Who is still there?" } } },
    ]);
    expect(await statusOf(url)).toBe(401);
    expect(await statusOf(lasting)).toBe(200);
    expect(states.stayed).toEqual(["open"]);
  });

  it("ends with a membership, though the person may still come in", async () => {
    const { requester, participant, admin } = world.people;
    const { id: ticketId } = await world.openTicket(requester, { companyId });
    await world.addParticipant(ticketId, participant);
    const url = await ticketUrl(participant, ticketId);
    const { states } = open({ participant: url });
    await until(() => states.participant?.[0] === "open");
    await world.server.gql(
      `mutation ($input: RemoveMembershipInput!) { removeMembership(input: $input) { id } }`,
      { input: { companyId, userId: participant.id } },
      admin.token,
    );
    await until(() => states.participant?.at(-1) === "closed");
    expect(await statusOf(url)).toBe(404);
  });

  it("opens what it was signed for, to whom it was given, and nothing else", async () => {
    const { agent, manager, requester, admin, stranger } = world.people;
    const [id, another] = [await world.start({ companyId }), await world.start({ companyId })];
    const url = await conversationUrl(agent, id);
    expect(url).toMatch(
      new RegExp(
        `^${world.server.url}/events\\?topic=conversation:${id}&viewer=${agent.id}\\.[\\w-]+&expires=`,
      ),
    );
    expect(await statusOf(url)).toBe(200);
    expect(await statusOf(url.replace(id, another))).toBe(403);
    expect(await statusOf(url.replace("conversation:", "ticket:"))).toBe(403);
    expect(await statusOf(url.replace(agent.id, manager.id))).toBe(403);
    expect(await filesUrl(admin)).toContain(`topic=media:${companyId}`);
    expect(await filesUrl(requester)).toBeNull();
    expect(await filesUrl(stranger)).toBeUndefined();
    const guest = await world.guestIn(id);
    const { data } = await world.server.gql<{ conversation: { company: { mediaFileEventsUrl: null } } }>(
      `query ($id: ID!) { conversation(id: $id) { company { mediaFileEventsUrl } } }`,
      { id },
      guest.token,
    );
    expect(data?.conversation.company.mediaFileEventsUrl).toBeNull();
  });
});
