import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { ChatWorld, Speaker } from "../../support/chat-world.js";
import { startChatWorld } from "../../support/chat-world.js";
import { query } from "../../support/database.js";
import { until } from "../../support/feed-world.js";
import { followStream } from "../../support/follow-stream.js";
import { fileOf } from "../../support/library-world.js";
import { fourFields } from "../../support/make-pictures.js";
import { renderPending } from "../../support/render-pending.js";
import { bearer, codeIn } from "../../support/test-client.js";
import { textFile } from "../../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;

let pictures = 0;
/** No two alike. */
const picture = async () =>
  fileOf(
    "lamp.jpg",
    await fourFields({ width: 900, height: 600 + ++pictures })
      .jpeg()
      .toBuffer(),
  );

interface Told {
  readonly __typename: string;
  readonly attachment?: {
    readonly id: string;
    readonly thumbnailUrl: string | null;
    readonly mediaFile: {
      readonly placeholder: string | null;
      readonly variantsStatus: string;
      readonly variants: readonly { readonly name: string; readonly url: string }[];
    };
  };
}

interface Follower {
  /** What came, in its order. */
  told(): readonly Told[];
  stop(): Promise<unknown>;
}

const RENDERED =
  "... on AttachmentUpdated { attachment { id thumbnailUrl mediaFile { placeholder variantsStatus variants { name url } } } }";

function bySocket(field: string, argument: string, id: string, { token }: Pick<Speaker, "token">): Follower {
  const client = createClient({
    url: `${world.server.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: bearer(token),
  });
  const told: Told[] = [];
  const query = `subscription { delivery: ${field}(${argument}: "${id}", after: "0") { event { __typename ${RENDERED} } } }`;
  client.subscribe<{ delivery: { event: Told } }>(
    { query },
    { next: ({ data }) => void told.push(data!.delivery.event), error: () => {}, complete: () => {} },
  );
  return { told: () => told, stop: async () => client.dispose() };
}

function byStream(topic: string, { token }: Pick<Speaker, "token">): Follower {
  const stream = followStream(world.server.url, topic, token);
  return { told: () => stream.events.map(({ data }) => JSON.parse(data) as Told), stop: () => stream.stop() };
}

const onTicket = (id: string, by: Pick<Speaker, "token">) => [
  bySocket("ticketEvents", "ticketId", id, by),
  byStream(`ticket:${id}`, by),
];
const inRoom = (id: string, by: Pick<Speaker, "token">) => [
  bySocket("conversationEvents", "conversationId", id, by),
  byStream(`conversation:${id}`, by),
];

const updatesOf = (follower: Follower, id: string) =>
  follower
    .told()
    .filter(({ __typename, attachment }) => __typename === "AttachmentUpdated" && attachment?.id === id);

async function expectTold(followers: readonly Follower[], id: string): Promise<void> {
  await until(() => followers.every((follower) => updatesOf(follower, id).length > 0));
  for (const follower of followers) {
    const [update, ...more] = updatesOf(follower, id);
    expect(more).toEqual([]);
    const { thumbnailUrl, mediaFile } = update!.attachment!;
    expect(mediaFile.variantsStatus).toBe("READY");
    expect(mediaFile.placeholder).toMatch(/^[A-Za-z0-9+/=]{20,}$/);
    expect(mediaFile.variants.map(({ name }) => name)).toEqual(["large", "medium", "thumbnail"]);
    // Everybody gets URLs of their own, that work.
    for (const url of [thumbnailUrl!, mediaFile.variants[2]!.url])
      expect((await fetch(url)).status).toBe(200);
  }
}

const logOf = (topic: string) => world.server.database.sql<{ type: string }[]>`
  select type, payload from events where topic = ${topic} order by sequence`;

describe("when the variants of an attachment are ready", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("the requester, a participant and staff of its ticket are told, by websocket and event stream", async () => {
    const { requester, participant, agent } = world.people;
    const ticket = await world.openTicket(requester, { companyId });
    await world.addParticipant(ticket.id, participant);
    const [attachment] = await world.attach(requester, { ticketId: ticket.id, files: [await picture()] });
    const reply = await world.addReply(agent, { ticketId: ticket.id, files: [await picture()] });
    const followers = [requester, participant, agent].flatMap((by) => onTicket(ticket.id, by));
    await renderPending(world.server);
    await expectTold(followers, attachment!.id);
    await expectTold(followers, reply.attachments.nodes[0]!.id);
    await Promise.all(followers.map((follower) => follower.stop()));
  });

  it("a guest, a customer and staff of its conversation are told, by websocket and event stream", async () => {
    const { participant, agent } = world.people;
    const room = await world.start({ companyId, participantIds: [participant.id] });
    const guest = await world.guestIn(room);
    const followers = [guest, participant, agent].flatMap((by) => inRoom(room, by));
    const { attachments } = await world.say(guest, room, { body: "The lamp", files: [await picture()] });
    await renderPending(world.server);
    await expectTold(followers, attachments.nodes[0]!.id);
    await Promise.all(followers.map((follower) => follower.stop()));
  });

  it("only staff are told of an internal reply's", async () => {
    const { requester, agent } = world.people;
    const ticket = await world.openTicket(requester, { companyId });
    const reply = await world.addReply(agent, {
      ticketId: ticket.id,
      isInternal: true,
      files: [await picture()],
    });
    const [shown] = await world.attach(requester, { ticketId: ticket.id, files: [await picture()] });
    const [staff, others] = [onTicket(ticket.id, agent), onTicket(ticket.id, requester)];
    await renderPending(world.server);
    await expectTold(staff, reply.attachments.nodes[0]!.id);
    // The later one has come, and nothing before it.
    await expectTold(others, shown!.id);
    for (const follower of others)
      expect(JSON.stringify(follower.told())).not.toContain(reply.attachments.nodes[0]!.id);
    await Promise.all([...staff, ...others].map((follower) => follower.stop()));
  });

  it("nobody is told of one that has been deleted, nor of a file that has no variants", async () => {
    const { requester, agent } = world.people;
    const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
    const [attachment] = await world.attach(requester, { ticketId: ticket.id, files: [await picture()] });
    const room = await world.start({ companyId });
    const { id } = await world.say(agent, room, { body: "The lamp", files: [await picture()] });
    const gql = (query: string, variables: object, token: string) =>
      world.server.gql(query, variables as Record<string, unknown>, token);
    const asked = [
      await gql(
        "mutation ($id: ID!) { deleteAttachment(id: $id) { id } }",
        { id: attachment!.id },
        requester.token,
      ),
      await gql("mutation ($id: ID!) { deleteMessage(id: $id) { id } }", { id }, agent.token),
    ];
    expect(asked.map(codeIn)).toEqual(["ok", "ok"]);
    await renderPending(world.server);
    for (const topic of [`ticket:${ticket.id}`, `conversation:${room}`])
      expect((await logOf(topic)).map(({ type }) => type)).not.toContain("attachment.updated");
  });

  it("the event is of the transaction that makes them ready, and there once however often the job runs", async () => {
    const { requester } = world.people;
    const ticket = await world.openTicket(requester, { companyId });
    const [attachment] = await world.attach(requester, { ticketId: ticket.id, files: [await picture()] });
    const { ownerUrl, database } = world.server;
    const { sql } = database;
    const updates = async () =>
      (await logOf(`ticket:${ticket.id}`)).filter(({ type }) => type === "attachment.updated").length;
    const [row] = await sql<{ id: string }[]>`
      select media_file_id as id from attachments where id = ${attachment!.id}`;
    const render = () =>
      world.server.services.renderVariants.run({ mediaFileId: row!.id }, new AbortController().signal);
    // What cannot be committed tells nobody.
    await query(
      ownerUrl,
      `create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
      create trigger refuse before insert on blob_variants for each row execute function refuse()`,
    );
    await expect(render()).rejects.toThrow();
    expect(await updates()).toBe(0);
    await query(ownerUrl, "drop trigger refuse on blob_variants; drop function refuse()");
    await render();
    await render();
    expect(await updates()).toBe(1);
  });

  it("an upload's answer has had the placeholder already", async () => {
    const { requester } = world.people;
    const ticket = await world.openTicket(requester, { companyId });
    const query = `mutation ($input: UploadTicketAttachmentsInput!) {
      uploadTicketAttachments(input: $input) { id mediaFile { placeholder variantsStatus width } } }`;
    const { gql } = await import("@apollo/client");
    const { data } = await requester.client.mutate<{
      uploadTicketAttachments: { mediaFile: { placeholder: string | null; variantsStatus: string } }[];
    }>({
      mutation: gql(query),
      variables: { input: { ticketId: ticket.id, files: [await picture(), textFile()] } },
    });
    expect(data!.uploadTicketAttachments.map(({ mediaFile }) => mediaFile)).toMatchObject([
      { placeholder: expect.stringMatching(/^[A-Za-z0-9+/=]{20,}$/), variantsStatus: "PENDING" },
      { placeholder: null, variantsStatus: "NOT_APPLICABLE" },
    ]);
  });
});
