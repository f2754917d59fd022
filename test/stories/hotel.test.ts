import { gql } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld, Speaker } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { DESK_FILES } from "../support/desk-files.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { fileOf } from "../support/library-world.js";
import { makeJpeg, makePdf } from "../support/make-files.js";
import { lookAt } from "../support/make-pictures.js";
import { rendered } from "../support/render-pending.js";
import type { Screen } from "../support/screen.js";
import { openScreen } from "../support/screen.js";
import { codeOf } from "../support/test-client.js";
import { until } from "../support/webhook-receiver.js";

/*
 * A hotel: a guest writes from the room with a link of the reception, and sends a photo of the passport, a voice message,
 * and gets an invoice. Three screens follow the room: the guest's phone, the reception, and the manager's.
 */

const SHOWN = `id body isEdited isDeleted sender { __typename id name }
  attachments { nodes { id fileName mimeType url thumbnailUrl mediaFile { id variantsStatus duration placeholder } } }`;
const MESSAGE = gql`fragment ShownMessage on ChatMessage { ${SHOWN} }`;
const ROOM = gql`query ($id: ID!) { conversation(id: $id) { id room eventCursor messages(last: 20) { nodes { ${SHOWN} } } } }`;
const FOLLOW = gql`subscription ($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) { cursor event {
    __typename
    ... on MessageAdded { message { ${SHOWN} } }
    ... on MessageUpdated { message { ${SHOWN} } }
    ... on MessageDeleted { message { ${SHOWN} } }
    ... on MessagePurged { messageId }
    ... on AttachmentUpdated { attachment { id thumbnailUrl mediaFile { id variantsStatus duration placeholder } } }
  } } }`;
const SEND = gql`mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${SHOWN} } }`;
const EDIT = gql`mutation ($input: EditMessageInput!) { editMessage(input: $input) { ${SHOWN} } }`;
const DELETE = gql`mutation ($id: ID!) { deleteMessage(id: $id) { ${SHOWN} } }`;
const PURGE = gql`mutation ($id: ID!) { purgeMessage(id: $id) { id } }`;

interface ShownFile {
  readonly id: string;
  readonly fileName: string;
  readonly mimeType: string;
  readonly url: string;
  readonly thumbnailUrl: string | null;
  readonly mediaFile: {
    readonly variantsStatus: string;
    readonly duration: number | null;
    readonly placeholder: string | null;
  };
}
interface ShownMessage {
  readonly id: string;
  readonly body: string;
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  readonly sender: { readonly __typename: string; readonly name: string };
  readonly attachments: { readonly nodes: readonly ShownFile[] };
}

/** A screen that has asked once, and since then lives by what it is told. */
interface Following {
  readonly name: string;
  readonly screen: Screen;
  readonly events: readonly string[];
  /** Out of the cache; null for what is not there. */
  message(id: string): ShownMessage | null;
}

let world: ChatWorld;
let roomId: string;
let guest: Speaker;
const screens: Following[] = [];

async function follow(name: string, { token }: Speaker): Promise<Following> {
  const screen = openScreen(world.server.url, () => token);
  const { data } = await screen.client.query<{ conversation: { eventCursor: string } }>({
    query: ROOM,
    variables: { id: roomId },
  });
  const events: string[] = [];
  const variables = { id: roomId, after: data!.conversation.eventCursor };
  screen.client
    .subscribe<{ conversationEvents: { event: { __typename: string } } }>({ query: FOLLOW, variables })
    .subscribe({
      // Whose access has ended is told so, and gets no event with it.
      next: ({ data }) => void (data && events.push(data.conversationEvents.event.__typename)),
    });
  const message = (id: string) =>
    screen.client.cache.readFragment<ShownMessage>({ id: `ChatMessage:${id}`, fragment: MESSAGE });
  return { name, screen, events, message };
}

async function onAllScreens(what: string, holds: (screen: Following) => boolean): Promise<void> {
  for (const screen of screens) await until(`${screen.name}: ${what}`, () => holds(screen));
}

async function send({ client }: Speaker, input: object): Promise<ShownMessage> {
  const { data } = await client.mutate<{ sendMessage: ShownMessage }>({
    mutation: SEND,
    variables: { input: { conversationId: roomId, ...input } },
  });
  return data!.sendMessage;
}

const get = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
};

const statusesOf = (urls: readonly string[]) => Promise.all(urls.map(async (url) => (await get(url)).status));

describe("a hotel, its guest, the reception and the manager", () => {
  beforeAll(async () => {
    world = await startChatWorld({ env: { WORKER: "on" } });
    const companyId = await world.newCompany();
    roomId = await world.start({ companyId, room: "204" });
    const { url, token } = await world.invite(roomId, "Mr. Grey");
    expect(url).toContain(token);
    guest = await world.join(token);
    const { agent, manager } = world.people;
    screens.push(
      await follow("the guest's phone", guest),
      await follow("the reception", agent),
      await follow("the manager", manager),
    );
  });

  afterAll(async () => {
    for (const { screen } of screens) screen.close();
    const { database, dataFolder } = world.server;
    await rendered(world.server);
    expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
    await world.close();
  });

  it("shows the photo of a passport everywhere, and its thumbnail as soon as there is one, without asking again", async () => {
    const photo = await makeJpeg({ width: 3_000, height: 2_000 });
    const { id } = await send(guest, { body: "My passport", files: [fileOf("IMG 4711.jpg", photo)] });
    await onAllScreens("the message", ({ message }) => message(id) !== null);
    for (const { message } of screens) {
      const { body, sender, attachments } = message(id)!;
      expect([body, sender.__typename, sender.name]).toEqual(["My passport", "Guest", "Mr. Grey"]);
      expect(attachments.nodes[0]!.mediaFile.placeholder).toEqual(expect.any(String));
    }
    await onAllScreens(
      "its thumbnail",
      ({ message }) => message(id)!.attachments.nodes[0]!.thumbnailUrl !== null,
    );
    const urls = screens.map(({ message }) => message(id)!.attachments.nodes[0]!.thumbnailUrl!);
    // Each has a URL of its own.
    expect(new Set(urls).size).toBe(screens.length);
    for (const url of urls) {
      const { status, bytes } = await get(url);
      expect(status).toBe(200);
      expect(await lookAt(bytes)).toMatchObject({ width: 200, height: 133 });
    }
    const originals = screens.map(({ message }) => message(id)!.attachments.nodes[0]!.url);
    for (const url of originals) expect((await get(url)).bytes.equals(photo)).toBe(true);
  });

  it("takes a voice message, and gives out an invoice", async () => {
    const audio = DESK_FILES.find(({ type }) => type === "m4a" || type === "ogg")!;
    const voice = await send(guest, { files: [fileOf(audio.fileName, Buffer.from(await audio.make()))] });
    const pdf = makePdf("Invoice 2026-117");
    const { agent } = world.people;
    const invoice = await send(agent, {
      body: "Your invoice",
      files: [fileOf("Rechnung Nr. 117.pdf", pdf)],
      replyToId: voice.id,
    });
    await onAllScreens("both", ({ message }) => message(voice.id) !== null && message(invoice.id) !== null);
    for (const { message } of screens) {
      const [heard] = message(voice.id)!.attachments.nodes;
      expect(heard!.mimeType).toMatch(/^audio\//);
      const [shown] = message(invoice.id)!.attachments.nodes;
      expect([shown!.fileName, shown!.mimeType, shown!.thumbnailUrl]).toEqual([
        "Rechnung Nr. 117.pdf",
        "application/pdf",
        null,
      ]);
      const response = await fetch(shown!.url);
      expect(response.headers.get("content-disposition")).toContain('filename="Rechnung Nr. 117.pdf"');
      expect(Buffer.from(await response.arrayBuffer()).equals(pdf)).toBe(true);
    }
  });

  it("lets the guest correct a message, and nobody else", async () => {
    const { agent, manager } = world.people;
    const { id } = await send(guest, { body: "Breakfast at nine" });
    const edit = ({ client }: Speaker, body: string) =>
      client.mutate({ mutation: EDIT, variables: { input: { id, body } } });
    for (const by of [agent, manager]) expect(await codeOf(edit(by, "Never"))).toBe("FORBIDDEN");
    await edit(guest, "Breakfast at ten");
    await onAllScreens("the correction", ({ message }) => message(id)?.isEdited === true);
    for (const { message } of screens) expect(message(id)!.body).toBe("Breakfast at ten");
  });

  it("keeps the place of a message that the guest deletes, and takes its file from everybody at once", async () => {
    const photo = await makeJpeg({ width: 800, height: 500 });
    const { id } = await send(guest, { body: "The wrong one", files: [fileOf("wrong.jpg", photo)] });
    await onAllScreens("its thumbnail", ({ message }) => !!message(id)?.attachments.nodes[0]?.thumbnailUrl);
    const urls = screens.flatMap(({ message }) =>
      message(id)!.attachments.nodes.flatMap(({ url, thumbnailUrl }) => [url, thumbnailUrl!]),
    );
    expect(await statusesOf(urls)).toEqual(urls.map(() => 200));
    await guest.client.mutate({ mutation: DELETE, variables: { id } });
    expect(await statusesOf(urls)).toEqual(urls.map(() => 410));
    await onAllScreens("that it is deleted", ({ message }) => message(id)?.isDeleted === true);
    for (const { message } of screens) {
      expect(message(id)).toMatchObject({ body: "[Message deleted]", attachments: { nodes: [] } });
    }
    const edited = guest.client.mutate({ mutation: EDIT, variables: { input: { id, body: "Back" } } });
    expect(await codeOf(edited)).toBe("GONE");
  });

  it("lets the manager remove a message for good, with the bytes of its file", async () => {
    const { agent, manager } = world.people;
    const photo = await makeJpeg({ width: 700, height: 500 });
    const { id } = await send(guest, { body: "My card", files: [fileOf("card.jpg", photo)] });
    await onAllScreens("its thumbnail", ({ message }) => !!message(id)?.attachments.nodes[0]?.thumbnailUrl);
    const [url] = screens.map(({ message }) => message(id)!.attachments.nodes[0]!.url);
    for (const by of [guest, agent])
      expect(await codeOf(by.client.mutate({ mutation: PURGE, variables: { id } }))).toBe("FORBIDDEN");
    await manager.client.mutate({ mutation: PURGE, variables: { id } });
    expect([404, 410]).toContain((await get(url!)).status);
    await onAllScreens("that it is purged", ({ events }) => events.includes("MessagePurged"));
    const { sql } = world.server.database;
    const [left] = await sql`select count(*)::int as files from media_files where file_name = 'card.jpg'`;
    expect(left).toEqual({ files: 0 });
  });

  it("ends everything of the guest when the reception revokes the access", async () => {
    const { agent } = world.people;
    const { id } = await send(guest, {
      files: [fileOf("last.jpg", await makeJpeg({ width: 300, height: 200 }))],
    });
    await onAllScreens("it", ({ message }) => message(id) !== null);
    const [own, receptions] = screens.map(({ message }) => message(id)!.attachments.nodes[0]!.url);
    await agent.client.mutate({
      mutation: gql`mutation ($id: ID!) { revokeGuest(id: $id) { id revokedAt } }`,
      variables: { id: guest.id },
    });
    expect([401, 403]).toContain((await get(own!)).status);
    expect((await get(receptions!)).status).toBe(200);
    expect(await codeOf(send(guest, { body: "Still here?" }))).toBe("UNAUTHENTICATED");
  });
});
