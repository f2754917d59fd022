import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { TestKey } from "./api-keys.js";
import { createKey, revokeKey } from "./api-keys.js";
import { createFaultLog } from "./fault-log.js";
import { fixture, makePng } from "./make-files.js";
import { rotatedPhoneJpeg } from "./make-pictures.js";
import { renderPending } from "./render-pending.js";
import { operationOn, postOperation } from "./schema-operations.js";
import type { TestServer } from "./test-server.js";
import { startTestServer } from "./test-server.js";
import { textFile } from "./ticket-world.js";
import { createWebhook } from "./webhooks.js";

/** Somebody who does something: the token is what counts. */
interface Doer {
  readonly id: string;
  readonly token: string;
}

interface Done {
  readonly id: string;
  readonly token: string;
  readonly accessToken: string;
}

/** Does it, and gives back what was answered; `guest` of an invitation is told as its id. */
type Act = (name: string, by: Doer | null, args: object) => Promise<Done>;

/** A conversation with everything that may stand in one. */
export interface WalkedConversation {
  readonly id: string;
  /** The guest that has come. */
  readonly guest: Doer;
}

/** A company with everything that a company may have. */
export interface WalkedCompany {
  readonly id: string;
  readonly slug: string;
  readonly lobby: WalkedConversation;
  readonly suite: WalkedConversation;
  readonly seriesId: string;
  /** With every scope. */
  readonly key: TestKey;
}

export interface WalkedWorld {
  readonly server: TestServer;
  readonly acme: WalkedCompany;
  readonly globex: WalkedCompany;
  /** What the server has logged as its own faults. */
  readonly faults: readonly string[];
  /** A customer of acme who takes part in nothing. */
  readonly bystander: Doer;
  close(): Promise<void>;
}

/** What the walk asks goes deeper and is longer than what clients ask. */
const WIDE = { GRAPHQL_DEPTH: "200", GRAPHQL_COST: "1000000", CONNECTIONS_PER_VIEWER: "1000" };

/**
 * Two companies that both have everything, in which every text says the id of what it stands on: whoever reads a text
 * has read the id.
 */
export async function startWalkedWorld(): Promise<WalkedWorld> {
  const { log, faults } = createFaultLog();
  const server = await startTestServer({ env: WIDE, log });
  const act: Act = async (name, by, args) => {
    const query = operationOn("Mutation", name, args as Record<string, unknown>);
    const answer = await postOperation(server.url, query, args as Record<string, unknown>, by?.token);
    if (answer.errors) throw new Error(`${name}: ${JSON.stringify(answer.errors)}`);
    return [answer.data!.told].flat()[0] as Done;
  };
  const admin = await server.signInAs("admin@filedesk.test");
  const newcomer = { email: "bystander@acme.test", name: "By Stander", password: DEMO_PASSWORD };
  await act("createUser", admin, { input: newcomer });
  const [acme, globex] = await Promise.all([furnish(server, act, "acme"), furnish(server, act, "globex")]);
  const { email } = newcomer;
  await act("setMembership", admin, { input: { companyId: acme.id, email, role: "CUSTOMER" } });
  const asked = { companyId: acme.id, email: "customer@globex.test", role: "CUSTOMER" };
  await act("inviteMember", admin, { input: asked });
  await renderPending(server);
  await sayTheirIds(server);
  const bystander = await server.signInAs(email);
  return { server, acme, globex, bystander, faults, close: () => server.close() };
}

async function furnish(server: TestServer, act: Act, slug: string): Promise<WalkedCompany> {
  const [requester, participant, agent, manager] = await Promise.all(
    ["customer", "customer2", "agent", "manager"].map((account) =>
      server.signInAs(`${account}@${slug}.test`),
    ),
  );
  const cast = { requester: requester!, participant: participant!, agent: agent!, manager: manager! };
  const [company] = await server.database.sql<
    { id: string }[]
  >`select id from companies where slug = ${slug}`;
  const companyId = company!.id;
  await act("inviteMember", manager!, { input: { companyId, email: `new@${slug}.test`, role: "AGENT" } });
  const ticketId = await fillTicket(server, act, cast, companyId);
  const seriesId = await fillTimeline(act, cast, ticketId);
  await act("startUpload", requester!, {
    input: { bucket: "ATTACHMENTS", ticketId, fileName: "draft.txt", size: 9 },
  });
  await fillLibrary(server, act, cast, companyId);
  const key = await fillBackends(server, act, cast, companyId);
  const rooms = ["lobby", "suite"].map((room) =>
    fillConversation(server, act, cast, { companyId, ticketId, room }),
  );
  const [lobby, suite] = await Promise.all(rooms);
  return { id: companyId, slug, lobby: lobby!, suite: suite!, seriesId, key };
}

type Cast = Readonly<Record<"requester" | "participant" | "agent" | "manager", Doer>>;

const picture = async (name = "picture.png") =>
  new File([new Uint8Array(await makePng({ width: 300, height: 220 }))], name, { type: "image/png" });

/** A picture that has something to say of itself. */
const photograph = async () =>
  new File([new Uint8Array(await rotatedPhoneJpeg(300, 220))], "photo.jpg", { type: "image/jpeg" });

async function fillTicket(server: TestServer, act: Act, cast: Cast, companyId: string): Promise<string> {
  const { requester, participant, agent, manager } = cast;
  const opened = {
    companyId,
    subject: "It hums",
    description: "All night.",
    files: [await picture(), textFile()],
  };
  const { id: ticketId } = await act("createTicket", requester, { input: opened });
  await act("updateTicket", agent, { input: { id: ticketId, assigneeId: agent.id } });
  await act("addParticipant", agent, { input: { ticketId, userId: participant.id } });
  await act("addParticipant", agent, { input: { ticketId, userId: manager.id } });
  await act("removeParticipant", agent, { input: { ticketId, userId: manager.id } });
  const reply = async (by: Doer, isInternal: boolean) => {
    const input = { ticketId, body: "We will see.", isInternal, files: [textFile()] };
    return (await act("addReply", by, { input })).id;
  };
  await reply(requester, false);
  const told = await reply(agent, false);
  await act("updateReply", agent, { input: { id: told, body: "We have seen." } });
  await reply(agent, true);
  await act("deleteReply", agent, { id: await reply(agent, false) });
  const back = await reply(agent, false);
  await act("deleteReply", agent, { id: back });
  await act("restoreReply", agent, { id: back });
  const [first, second] = await server.database.sql<{ id: string; file: string }[]>`
    select id, media_file_id as file from attachments where ticket_id = ${ticketId} order by id`;
  await act("updateAttachment", requester, { input: { id: first!.id, description: "The lamp" } });
  await act("replaceMediaFile", requester, { input: { id: first!.file, file: await picture() } });
  await act("deleteAttachment", requester, { id: second!.id });
  const third = await act("uploadTicketAttachments", requester, { input: { ticketId, files: [textFile()] } });
  await act("deleteAttachment", requester, { id: third.id });
  await act("restoreAttachment", requester, { id: third.id });
  const closed = await act("createTicket", requester, {
    input: { companyId, subject: "Over", files: [textFile()] },
  });
  await act("deleteTicket", manager, { id: closed.id });
  await act("deleteTicket", manager, { id: ticketId });
  await act("restoreTicket", manager, { id: ticketId });
  return ticketId;
}

async function fillTimeline(act: Act, { agent, manager }: Cast, ticketId: string): Promise<string> {
  const photo = async () =>
    (await act("createPhoto", agent, { input: { ticketId, description: "It", file: await picture() } })).id;
  const photos = [
    { caption: "Before", file: await picture() },
    { caption: "After", file: await picture() },
  ];
  await photo();
  const series = await act("createPhotoSeries", agent, { input: { ticketId, description: "Both", photos } });
  await act("updatePost", agent, { input: { id: series.id, description: "Before and after" } });
  await act("addToPhotoSeries", agent, {
    input: { seriesId: series.id, photos: [{ caption: "Later", file: await picture() }] },
  });
  const clip = new File([new Uint8Array(fixture("clip.mp4"))], "clip.mp4", { type: "video/mp4" });
  await act("createVideoClip", agent, { input: { ticketId, description: "It moves", file: clip } });
  const deleted = await photo();
  await act("deletePost", manager, { id: deleted });
  return series.id;
}

async function fillLibrary(
  server: TestServer,
  act: Act,
  { agent, manager, requester }: Cast,
  companyId: string,
): Promise<void> {
  const upload = async (file: File, bucket = "ATTACHMENTS") =>
    (await act("uploadMedia", agent, { input: { companyId, bucket, file } })).id;
  const used = await upload(textFile());
  // Reached at once, and far away afterwards.
  const admin = await server.signInAs("admin@filedesk.test");
  for (const storageLimitBytes of [1, 1_000_000_000])
    await act("setStorageLimit", admin, { input: { companyId, storageLimitBytes } });
  const usage = { mediaFileId: used, resourceType: "page", resourceId: "front", fieldName: "banner" };
  await act("addMediaUsage", agent, { input: usage });
  await act("replaceMediaFile", agent, { input: { id: used, file: textFile() } });
  await act("updateMediaFile", agent, { input: { id: used, fileName: "banner.txt" } });
  await upload(await picture(), "PUBLIC_PAGES");
  await upload(textFile());
  await act("deleteMediaFile", manager, { id: await upload(textFile()) });
  const back = await upload(textFile());
  await act("deleteMediaFile", manager, { id: back });
  await act("restoreMediaFile", manager, { id: back });
  await act("setCompanyLogo", manager, { input: { companyId, file: await picture("logo.png") } });
  await act("setAvatar", requester, { file: await picture("face.png") });
}

/**
 * A key that has uploaded and begun an upload, and one that has been revoked; a webhook with something to send, and one
 * that has been deleted.
 */
async function fillBackends(
  server: TestServer,
  act: Act,
  { manager }: Cast,
  companyId: string,
): Promise<TestKey> {
  const options = { companyId, scopes: ["READ", "UPLOAD", "MANAGE"] } as const;
  const ended = await createKey(server, manager.token, options);
  await revokeKey(server, manager.token, ended.id);
  const key = await createKey(server, manager.token, options);
  const hook = { companyId, url: "https://receiver.example/" };
  for (const isDeleted of [false, true]) {
    const { id } = await createWebhook(server, manager.token, hook);
    await act("testWebhook", manager, { id });
    if (isDeleted) await act("deleteWebhook", manager, { id });
  }
  await act("uploadMedia", key, { input: { companyId, bucket: "PUBLIC_PAGES", file: await picture() } });
  await act("startUpload", key, {
    input: { companyId, bucket: "PUBLIC_PAGES", fileName: "draft.png", size: 9 },
  });
  return key;
}

interface Room {
  readonly companyId: string;
  readonly ticketId: string;
  readonly room: string;
}

async function fillConversation(
  server: TestServer,
  act: Act,
  { requester, participant, agent, manager }: Cast,
  about: Room,
): Promise<WalkedConversation> {
  const started = { ...about, subject: `The ${about.room}`, participantIds: [requester.id] };
  const { id: conversationId } = await act("startConversation", agent, { input: started });
  const invite = async (displayName: string) => {
    const { token } = await act("inviteGuest", agent, { input: { conversationId, displayName } });
    return token;
  };
  const join = async (token: string): Promise<Doer> => {
    const { accessToken } = await act("joinAsGuest", null, { token });
    const { viewer } = (await server.gql("{ viewer { guest { id } } }", {}, accessToken)).data as {
      viewer: { guest: { id: string } };
    };
    return { id: viewer.guest.id, token: accessToken };
  };
  const guest = await join(await invite("Room 204"));
  await join(await invite("Room 205"));
  await invite("Nobody yet");
  await act("revokeGuest", agent, { id: (await join(await invite("Sent away"))).id });
  await act("addConversationParticipant", agent, { input: { conversationId, userId: participant.id } });
  await act("removeConversationParticipant", agent, { input: { conversationId, userId: participant.id } });
  const say = async (by: Doer, more: object = {}) =>
    (await act("sendMessage", by, { input: { conversationId, body: "Good evening.", ...more } })).id;
  const asked = await say(guest, { clientId: "one", files: [await photograph(), textFile()] });
  const answered = await say(agent, { replyToId: asked, files: [textFile()] });
  await say(requester, { replyToId: answered });
  await act("editMessage", agent, { input: { id: answered, body: "Good night." } });
  const gone = await say(agent, { files: [textFile()] });
  await say(guest, { replyToId: gone });
  await act("deleteMessage", agent, { id: gone });
  await act("purgeMessage", manager, { id: await say(guest, { files: [textFile()] }) });
  const onMessage = await server.database.sql<{ id: string }[]>`
    select id from attachments where message_id = ${asked} order by id`;
  for (const { id } of onMessage) await act("deleteAttachment", guest, { id });
  await act("restoreAttachment", guest, { id: onMessage[0]!.id });
  await act("markRead", guest, { input: { conversationId, messageId: answered } });
  await act("closeConversation", agent, { id: conversationId });
  await act("reopenConversation", agent, { id: conversationId });
  return { id: conversationId, guest };
}

/**
 * Puts the id of each row into its texts, so that to read the one is to read the other. Whoever may know of something
 * deleted may not read what it said: its text has an id that is nobody's.
 */
async function sayTheirIds({ database: { sql } }: TestServer): Promise<void> {
  await sql`update users set name = 'person ' || id`;
  await sql`update tickets set subject = 'subject ' || id, description = 'description ' || id`;
  await sql`update replies set body = 'reply ' || id`;
  await sql`update attachments set description = 'description ' || id`;
  await sql`update media_files set file_name = 'file ' || id || substring(file_name from '\\.[^.]*$')`;
  await sql`update media_posts set description = 'description ' || id`;
  await sql`update media_post_files set caption = 'caption ' || post_id where caption is not null`;
  await sql`update conversations set subject = 'subject ' || id, room = 'room ' || id`;
  await sql`update guests set display_name = 'guest ' || id`;
  await sql`update chat_messages set body = 'message ' || case when deleted_at is null then id else gen_random_uuid() end`;
}
