import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { GraphQLInputType } from "graphql";
import { getNamedType, isInputObjectType } from "graphql";
import type { GuestViewer, UserViewer, Viewer } from "../../src/modules/identity/viewer.js";
import type { IncomingFiles } from "../../src/platform/http/multipart/incoming-files.js";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { heldFile, wholeFile } from "../support/held-file.js";
import { strayFiles } from "../support/inventory.js";
import { fourFields } from "../support/make-pictures.js";
import { MUTATIONS_WITH_FILES } from "../support/rights-tables.js";
import { publishedSchema } from "../support/schema-operations.js";
import type { Part } from "../support/ticket-world.js";

let world: ChatWorld;
let scene: Scene;

const clip = readFileSync(new URL("../fixtures/clip.mp4", import.meta.url));

let seeds = 0;
const picture = () =>
  fourFields({ width: 64 + ++seeds, height: 64 })
    .png()
    .toBuffer();

interface Scene {
  readonly companyId: string;
  readonly ticketId: string;
  readonly replyId: string;
  readonly seriesId: string;
  readonly mediaFileId: string;
  readonly conversationId: string;
  readonly messageId: string;
}

/** By the manager, who may do all of it. */
async function setUp(): Promise<Scene> {
  const { server, people } = world;
  const companyId = await world.newCompany();
  const viewer = await viewerOf("manager");
  const { sql } = server.database;
  // An avatar is kept by the oldest company that its person belongs to: this one.
  await sql`delete from memberships where user_id = ${viewer.id} and company_id <> ${companyId}`;
  const { id: ticketId } = await world.openTicket(people.manager, { companyId });
  await world.addParticipant(ticketId, people.participant);
  const { id: replyId } = await world.addReply(people.manager, { ticketId });
  const photos = item(wholeFile(await picture(), "first.png"));
  const series = await server.services.posts.postSeries(viewer, { ticketId, ...photos });
  const file = await server.services.mediaUploads.uploadMedia(
    viewer,
    { companyId, bucket: "PUBLIC_PAGES" },
    wholeFile(await picture(), "page.png"),
  );
  const conversationId = await world.start({ companyId });
  const { id: messageId } = await server.services.chatMessages.sendMessage(
    viewer,
    { conversationId, body: "It hums" },
    wholeFile(await picture(), "lamp.png"),
  );
  const of = { companyId, ticketId, replyId, conversationId, messageId };
  return { ...of, seriesId: series.id, mediaFileId: file.id };
}

const viewerOf = async (part: Part) =>
  (await world.server.services.sessions.viewerOf(world.people[part].token)) as UserViewer;

const item = ({ files, requestBytes }: IncomingFiles) => ({
  items: files.map((file) => ({ file })),
  requestBytes,
});

const services = () => world.server.services;

type Door = (viewer: Viewer, incoming: IncomingFiles) => Promise<unknown>;

/** Every mutation that takes a file. */
const doors: Readonly<Record<string, Door>> = {
  createTicket: (viewer, incoming) =>
    services().tickets.openTicket(
      viewer,
      { companyId: scene.companyId, subject: "Late", description: "", priority: "LOW" },
      incoming,
    ),
  addReply: (viewer, incoming) =>
    services().replies.addReply(
      viewer,
      { ticketId: scene.ticketId, body: "Late", isInternal: false },
      incoming,
    ),
  uploadTicketAttachments: (viewer, incoming) =>
    services().uploads.uploadToTicket(viewer, { ticketId: scene.ticketId, description: null }, incoming),
  uploadReplyAttachments: (viewer, incoming) =>
    services().uploads.uploadToReply(viewer, { replyId: scene.replyId, description: null }, incoming),
  createPhoto: (viewer, incoming) =>
    services().posts.postPhoto(viewer, { ticketId: scene.ticketId, ...item(incoming) }),
  createPhotoSeries: (viewer, incoming) =>
    services().posts.postSeries(viewer, { ticketId: scene.ticketId, ...item(incoming) }),
  createVideoClip: (viewer, incoming) =>
    services().posts.postClip(viewer, { ticketId: scene.ticketId, ...item(incoming) }),
  addToPhotoSeries: (viewer, incoming) =>
    services().photoSeries.addPhotos(viewer, scene.seriesId, item(incoming)),
  uploadMedia: (viewer, incoming) =>
    services().mediaUploads.uploadMedia(
      viewer,
      { companyId: scene.companyId, bucket: "PUBLIC_PAGES" },
      incoming,
    ),
  replaceMediaFile: (viewer, incoming) =>
    services().mediaUploads.replaceMediaFile(viewer, { id: scene.mediaFileId }, incoming),
  createCompany: (viewer, incoming) =>
    services().companyChanges.createCompany(viewer, { slug: "late", name: "Late" }, incoming),
  setCompanyBackground: (viewer, incoming) =>
    services().brandingImages.setImage(
      viewer,
      { companyId: scene.companyId, image: "login-background" },
      incoming,
    ),
  setCompanyLogo: (viewer, incoming) =>
    services().brandingImages.setImage(viewer, { companyId: scene.companyId, image: "logo" }, incoming),
  updateCompany: (viewer, incoming) =>
    services().companyChanges.editCompany(viewer, { id: scene.companyId, name: "Late" }, incoming),
  setAvatar: (viewer, incoming) => services().avatars.setAvatar(viewer, incoming),
  addMessageAttachments: (viewer, incoming) =>
    services().chatMessages.addAttachments(viewer, { messageId: scene.messageId }, incoming),
  sendMessage: (viewer, incoming) =>
    services().chatMessages.sendMessage(viewer, { conversationId: scene.conversationId }, incoming),
};

function holdsUpload(type: GraphQLInputType, above: readonly string[] = []): boolean {
  const named = getNamedType(type);
  if (named.name === "Upload") return true;
  if (!isInputObjectType(named) || above.includes(named.name)) return false;
  return Object.values(named.getFields()).some((field) => holdsUpload(field.type, [...above, named.name]));
}

/** Ends a right of whoever uploads; returns what gives it back. */
type End = (viewer: UserViewer) => Promise<() => Promise<unknown>>;

const ends: readonly (readonly [what: string, end: End, code: string])[] = [
  [
    "the membership",
    async ({ id }) => {
      const { companyId } = scene;
      await services().memberships.removeMembership(await viewerOf("admin"), { companyId, userId: id });
      return () => world.server.database.sql`insert into memberships (id, user_id, company_id, role)
        values (gen_random_uuid(), ${id}, ${companyId}, 'MANAGER')`;
    },
    "NOT_FOUND",
  ],
  [
    "the session",
    async ({ sessionId = "" }) => {
      const { sql } = world.server.database;
      await sql`update sessions set revoked_at = now() where id = ${sessionId}`;
      return () => sql`update sessions set revoked_at = null where id = ${sessionId}`;
    },
    "UNAUTHENTICATED",
  ],
  [
    "the account",
    async ({ id }) => {
      const { sql } = world.server.database;
      await sql`update users set deactivated_at = now() where id = ${id}`;
      return () => sql`update users set deactivated_at = null where id = ${id}`;
    },
    "UNAUTHENTICATED",
  ],
];

/** What is told of a file that is still arriving while a right ends; nothing of it may stay. */
async function uploadWhile(door: string, viewer: Viewer, end: () => Promise<() => Promise<unknown>>) {
  const before = await everything();
  const held =
    door === "createVideoClip" ? heldFile(clip, "late.mp4") : heldFile(await picture(), "late.png");
  const answer = doors[door]!(viewer, held.incoming).then(
    () => "taken in",
    (error: { code?: string }) => error.code ?? String(error),
  );
  await Promise.race([held.begun, answer]);
  const undo = await end();
  held.finish();
  const told = await answer;
  await undo();
  expect(await everything()).toEqual(before);
  // Temp files are among them.
  expect(await strayFiles(world.server.database.sql, world.server.dataFolder)).toEqual([]);
  return told;
}

/** What needs no membership ends with the rights of an administrator. */
async function expectAdministrators(door: string): Promise<void> {
  const { sql } = world.server.database;
  const viewer = await viewerOf("admin");
  const told = await uploadWhile(door, viewer, async () => {
    await sql`update users set is_admin = false where id = ${viewer.id}`;
    return () => sql`update users set is_admin = true where id = ${viewer.id}`;
  });
  expect(told).toBe("FORBIDDEN");
}

async function everything() {
  const { sql } = world.server.database;
  const [counts] = await sql`
    select (select count(*) from media_files) as files, (select count(*) from blobs) as blobs,
      (select count(*) from media_usages) as usages, (select count(*) from tickets) as tickets,
      (select count(*) from replies) as replies, (select count(*) from media_posts) as posts,
      (select count(*) from chat_messages) as messages, (select count(*) from companies) as companies`;
  return { ...counts };
}

describe("rights until commit", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    scene = await setUp();
  });

  afterAll(() => world?.close());

  it("is asked of every mutation that takes a file", () => {
    const mutations = Object.values(publishedSchema.getMutationType()!.getFields());
    const taking = mutations.filter(({ args }) => args.some(({ type }) => holdsUpload(type)));
    expect(taking.map(({ name }) => name).sort()).toEqual([...MUTATIONS_WITH_FILES]);
    expect(Object.keys(doors).sort()).toEqual([...MUTATIONS_WITH_FILES]);
  });

  describe.each(Object.keys(doors))("a file that is still arriving by %s", (door) => {
    it.each(ends)(
      "is refused when %s has ended meanwhile, and nothing of it stays",
      async (_what, end, code) => {
        if (door === "createCompany" && code === "NOT_FOUND") return expectAdministrators(door);
        const viewer = await viewerOf(door === "createCompany" ? "admin" : "manager");
        // Who belongs nowhere has no place for an avatar.
        const expected = door === "setAvatar" && code === "NOT_FOUND" ? "CONFLICT" : code;
        expect(await uploadWhile(door, viewer, () => end(viewer))).toBe(expected);
      },
    );
  });

  it("is refused when the guest who sends it has been revoked meanwhile", async () => {
    const guest = await world.guestIn(scene.conversationId);
    const viewer = (await services().sessions.viewerOf(guest.token)) as GuestViewer;
    const told = await uploadWhile("sendMessage", viewer, async () => {
      await services().guestInvitations.revokeGuest(await viewerOf("agent"), guest.id);
      return async () => {};
    });
    expect(told).toBe("UNAUTHENTICATED");
  });

  it("is refused when whoever replies with it takes part in the ticket no more", async () => {
    const viewer = await viewerOf("participant");
    const told = await uploadWhile("addReply", viewer, async () => {
      const participation = { ticketId: scene.ticketId, userId: viewer.id };
      await services().ticketParticipants.removeParticipant(await viewerOf("agent"), participation);
      return () => world.addParticipant(scene.ticketId, world.people.participant);
    });
    expect(told).toBe("NOT_FOUND");
  });

  it.each([
    "addReply",
    "uploadTicketAttachments",
    "uploadReplyAttachments",
    "createPhoto",
    "createPhotoSeries",
    "createVideoClip",
    "addToPhotoSeries",
  ])("is refused by %s when the ticket has been deleted meanwhile", async (door) => {
    const viewer = await viewerOf("manager");
    const told = await uploadWhile(door, viewer, async () => {
      await services().ticketDeletions.deleteTicket(viewer, scene.ticketId);
      return () => services().ticketDeletions.restoreTicket(viewer, scene.ticketId);
    });
    expect(["NOT_FOUND", "GONE"]).toContain(told);
  });
});
