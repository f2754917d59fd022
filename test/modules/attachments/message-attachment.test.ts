import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { GuestViewer, ViewerContext } from "../../../src/modules/identity/viewer.js";
import { AttachmentDocument, ReplaceMediaFileDocument } from "../../support/generated/operations.js";
import type { GuestRow, GuestRows } from "../../support/guest-world.js";
import { guestRows } from "../../support/guest-world.js";
import { brokenPromises } from "../../support/inventory.js";
import { makeJpeg } from "../../support/make-files.js";
import type { MessageFiles } from "../../support/message-files.js";
import { openMessageFiles } from "../../support/message-files.js";
import { renderPending } from "../../support/render-pending.js";
import { bearer, codeIn, codeOf, createClient, postGraphQL } from "../../support/test-client.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../support/ticket-world.js";

const statements: string[] = [];
let world: TicketWorld;
let files: MessageFiles;
let rows: GuestRows;
let companyId: string;
let conversationId: string;
let photo: Buffer;

interface Present {
  readonly row: GuestRow;
  readonly viewer: GuestViewer;
  readonly token: string;
}

async function arrive(conversation: string): Promise<Present> {
  const row = await rows.guest(conversation);
  const { sessions } = files.services;
  const { accessToken: token } = await sessions.issueGuestToken(row);
  return { row, token, viewer: (await sessions.viewerOf(token)) as GuestViewer };
}

let guest: Present;
let messageId: string;
let attachmentId: string;
/** Also in the conversation; in another one of the same company. */
let fellow: Present;
let neighbour: Present;

const ask = <Data = Record<string, unknown>>(query: string, variables: object, token?: string) =>
  postGraphQL<Data, object>(files.url, query, variables, token);

const mutations = {
  edit: `mutation ($id: ID!) { updateAttachment(input: { id: $id, description: "The room." }) { id } }`,
  delete: "mutation ($id: ID!) { deleteAttachment(id: $id) { id } }",
  restore: "mutation ($id: ID!) { restoreAttachment(id: $id) { id } }",
};

const tokens = () => ({
  anonymous: undefined,
  neighbour: neighbour.token,
  fellow: fellow.token,
  guest: guest.token,
  stranger: world.people.stranger.token,
  customer: world.people.customer.token,
  agent: world.people.agent.token,
  manager: world.people.manager.token,
  admin: world.people.admin.token,
});

interface Shown {
  readonly url: string;
  readonly thumbnailUrl: string | null;
  readonly mediaFile: { readonly id: string; readonly url: string; readonly variants: { url: string }[] };
}

async function shownTo(token: string, id = attachmentId): Promise<Shown> {
  const query = `query ($id: ID!) { attachment(id: $id) {
    url thumbnailUrl mediaFile { id url variants { url } } } }`;
  const { data, errors } = await ask<{ attachment: Shown }>(query, { id }, token);
  if (!data?.attachment) throw new Error(`not shown: ${JSON.stringify(errors)}`);
  return data.attachment;
}

const statusOf = async (url: string, token?: string): Promise<number> => {
  const response = await fetch(url, { headers: bearer(token) });
  await response.arrayBuffer();
  return response.status;
};

describe("message attachment", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ onStatement: (text) => statements.push(text) });
    files = await openMessageFiles(world.server);
    rows = guestRows(world.server.database.sql);
    companyId = await world.newCompany();
    photo = await makeJpeg({ width: 320, height: 240 });
    conversationId = await rows.conversation(companyId, world.people.agent.id);
    const elsewhere = await rows.conversation(companyId, world.people.agent.id);
    [fellow, neighbour] = [await arrive(conversationId), await arrive(elsewhere)];
  });

  afterAll(async () => {
    await files?.close();
    await world?.close();
  });

  beforeEach(async () => {
    guest = await arrive(conversationId);
    messageId = await rows.message(conversationId, { guestId: guest.viewer.id });
    [attachmentId] = (await files.attach(guest.viewer, messageId, { name: "room.jpg", bytes: photo })) as [
      string,
    ];
    files.told.length = 0;
  });

  describe("what is attached to a message", () => {
    it("is edited, deleted and restored by who uploaded it alone, and by no administrator", async () => {
      const codes = async (mutation: string) =>
        Object.fromEntries(
          await Promise.all(
            Object.entries(tokens()).map(async ([who, token]) => [
              who,
              codeIn(await ask(mutation, { id: attachmentId }, token)),
            ]),
          ),
        );
      const expected = {
        anonymous: "UNAUTHENTICATED",
        neighbour: "NOT_FOUND",
        fellow: "FORBIDDEN",
        guest: "ok",
        stranger: "NOT_FOUND",
        customer: "FORBIDDEN",
        agent: "FORBIDDEN",
        manager: "FORBIDDEN",
        admin: "FORBIDDEN",
      };
      expect(await codes(mutations.edit)).toEqual(expected);
      expect(await codes(mutations.restore)).toEqual(expected);
      expect(await codes(mutations.delete)).toEqual(expected);
    });

    it("gets another content from the person who uploaded it alone", async () => {
      const { customer, manager, admin } = world.people;
      const sent = await rows.message(conversationId, { userId: customer.id });
      const by = await world.server.services.sessions.viewerById(customer.id);
      const [own] = await files.attach(by as never, sent, {
        name: "a.txt",
        bytes: Buffer.from(randomUUID()),
      });
      const replace = async (id: string, token: string) => {
        const { mediaFile } = await shownTo(token, id);
        const variables = { input: { id: mediaFile.id, file: textFile("b.txt") } };
        return codeOf(
          createClient(files.url, token).mutate({ mutation: ReplaceMediaFileDocument, variables }),
        );
      };
      for (const id of [own!, attachmentId])
        for (const { token } of [manager, admin, guest]) expect(await replace(id, token)).toBe("FORBIDDEN");
      files.told.length = 0;
      expect(await replace(own!, customer.token)).toBe("ok");
      expect(files.told).toMatchObject([{ attachmentId: own, what: "updated" }]);
    });

    it("is told of to the message's module, in the transaction, and nothing else is", async () => {
      const [added] = await files.attach(guest.viewer, messageId, { name: "two.jpg", bytes: photo });
      for (const mutation of [mutations.edit, mutations.delete, mutations.restore]) {
        await ask(mutation, { id: added }, world.people.admin.token);
        await ask(mutation, { id: added }, guest.token);
      }
      const parent = { kind: "message", id: messageId };
      expect(files.told).toEqual(
        ["added", "updated", "deleted", "restored"].map((what) => ({
          parent,
          companyId,
          attachmentId: added,
          what,
        })),
      );
    });

    it("names the person or the guest who uploaded it", async () => {
      const query = `query ($id: ID!) { attachment(id: $id) {
      uploadedBy { email } uploader { __typename id name ... on Guest { displayName } }
      mediaFile { uploadedBy { email } uploader { __typename id name } } } }`;
      const actor = { __typename: "Guest", id: guest.viewer.id, name: "Room 204" };
      const byGuest = await ask(query, { id: attachmentId }, world.people.agent.token);
      expect(byGuest.data).toEqual({
        attachment: {
          uploadedBy: null,
          uploader: { ...actor, displayName: "Room 204" },
          mediaFile: { uploadedBy: null, uploader: actor },
        },
      });
      const { agent } = world.people;
      const sent = await rows.message(conversationId, { userId: agent.id });
      const by = await world.server.services.sessions.viewerById(agent.id);
      const [id] = await files.attach(by as never, sent, { name: "a.jpg", bytes: photo });
      expect((await ask(query, { id }, agent.token)).data).toMatchObject({
        attachment: { uploadedBy: { email: agent.email }, uploader: { __typename: "User", id: agent.id } },
      });
    });

    it("shows a guest the names of people, and nothing else of them", async () => {
      const { agent } = world.people;
      const sent = await rows.message(conversationId, { userId: agent.id });
      const by = await world.server.services.sessions.viewerById(agent.id);
      const [id] = await files.attach(by as never, sent, { name: "a.jpg", bytes: photo });
      const query = `query ($id: ID!) { attachment(id: $id) {
      uploadedBy { id name email isAdmin avatarUrl avatarThumbnailUrl } ticket { id } reply { id }
      mediaFile { usages { resourceId } versions { id } } } }`;
      expect((await ask(query, { id }, guest.token)).data).toEqual({
        attachment: {
          uploadedBy: {
            id: agent.id,
            name: expect.any(String),
            email: null,
            isAdmin: null,
            avatarUrl: null,
            avatarThumbnailUrl: null,
          },
          ticket: null,
          reply: null,
          mediaFile: { usages: [], versions: [] },
        },
      });
    });

    it("is looked up once for all who are told of it, people and guests alike", async () => {
      const { attachments } = files.services.loaders;
      const agent = await world.server.services.sessions.viewerById(world.people.agent.id);
      const shared = {};
      const contexts = [guest.viewer, fellow.viewer, agent].map(
        (viewer) => ({ viewer, shared }) as unknown as ViewerContext,
      );
      statements.length = 0;
      const pages = await Promise.all(
        contexts.map((context) => attachments.ofMessage(context, { first: 5 }, { id: messageId, companyId })),
      );
      expect(pages.map(({ nodes }) => nodes.map(({ id }) => id))).toEqual(contexts.map(() => [attachmentId]));
      expect(await Promise.all(pages.map((page) => page.totalCount))).toEqual([1, 1, 1]);
      expect(statements).toHaveLength(2);
    });

    it("leaves with its message, unsaid, in the name of who deleted that", async () => {
      const { attachmentDeletions } = files.services;
      const { db, sql } = world.server.database;
      const owned = { companyId, parent: { kind: "message", id: messageId } } as const;
      await db.transaction((tx) => attachmentDeletions.softDeleteAllOf(tx, guest.viewer, owned));
      expect(files.told).toEqual([]);
      expect(await sql`select deleted_by from attachments where id = ${attachmentId}`).toEqual([
        { deleted_by: guest.viewer.id },
      ]);
      const purged = await db.transaction((tx) => attachmentDeletions.purgeAllOf(tx, owned, new Date()));
      expect(purged).toHaveLength(1);
      expect(await sql`select from attachments where id = ${attachmentId}`).toHaveLength(0);
    });
  });

  describe("a guest's download", () => {
    const urlsOf = ({ url, thumbnailUrl, mediaFile }: Shown) =>
      [url, thumbnailUrl, mediaFile.url, ...mediaFile.variants.map((variant) => variant.url)] as string[];

    it("works by every signed URL and by token, and is written down in the guest's name", async () => {
      await renderPending(world.server);
      const urls = urlsOf(await shownTo(guest.token));
      expect(urls.length).toBeGreaterThan(3);
      for (const url of urls) {
        expect(new URL(url).searchParams.get("viewer")).toBe(guest.viewer.id);
        expect(await statusOf(url)).toBe(200);
        expect(await statusOf(url.split("?", 1)[0]!, guest.token)).toBe(200);
      }
      const { sql } = world.server.database;
      const actors = await sql`select distinct actor_id from audit_log where subject_id = ${attachmentId}`;
      expect(actors).toEqual([{ actor_id: guest.viewer.id }]);
    });

    it("ends at once, signed or not, when the guest is revoked or the invitation is over", async () => {
      await renderPending(world.server);
      const { sql } = world.server.database;
      const ends = [
        () => rows.revoke(guest.viewer.id),
        () => sql`update guests set expires_at = now(), revoked_at = null where id = ${guest.viewer.id}`,
      ];
      const urls = urlsOf(await shownTo(guest.token));
      for (const end of ends) {
        await end();
        for (const url of urls) {
          expect(await statusOf(url)).toBe(401);
          expect(await statusOf(url.split("?", 1)[0]!, guest.token)).toBe(401);
        }
      }
      expect(codeIn(await ask(mutations.edit, { id: attachmentId }, guest.token))).toBe("UNAUTHENTICATED");
    });

    it("is of its own conversation's files alone", async () => {
      await renderPending(world.server);
      for (const url of urlsOf(await shownTo(guest.token))) {
        expect(await statusOf(url.split("?", 1)[0]!, neighbour.token)).toBe(404);
        // A signature is its viewer's own.
        expect(await statusOf(url.replace(/viewer=[^&]+/, `viewer=${neighbour.viewer.id}`))).toBe(403);
      }
      const { data } = await ask(
        "query ($id: ID!) { attachment(id: $id) { id } }",
        { id: attachmentId },
        neighbour.token,
      );
      expect(data).toEqual({ attachment: null });
      const { requester } = world.people;
      const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
      const { data: shown } = await requester.client.query({
        query: AttachmentDocument,
        variables: { id: ticket.attachments.nodes[0]!.id },
      });
      const there = shown!.attachment!;
      for (const url of [there.url, there.mediaFile!.url])
        expect(await downloadStatus(url, { ...requester, token: guest.token })).toBe(404);
    });

    it("is gone with the attachment, and with its message", async () => {
      const shown = await shownTo(guest.token);
      await ask(mutations.delete, { id: attachmentId }, guest.token);
      expect([await statusOf(shown.url), await statusOf(shown.mediaFile.url)]).toEqual([410, 410]);
      await ask(mutations.restore, { id: attachmentId }, guest.token);
      expect([await statusOf(shown.url), await statusOf(shown.mediaFile.url)]).toEqual([200, 200]);
      const { sql } = world.server.database;
      await sql`update chat_messages set deleted_at = now() where id = ${messageId}`;
      expect([await statusOf(shown.url), await statusOf(shown.mediaFile.url)]).toEqual([410, 410]);
      expect(
        (await ask(mutations.restore, { id: attachmentId }, guest.token)).errors?.[0]?.extensions.code,
      ).toBe("GONE");
      await sql`update chat_messages set deleted_at = null where id = ${messageId}`;
    });
  });

  it("keeps its promises", async () => {
    const { database, dataFolder } = world.server;
    expect(await brokenPromises(database.sql, dataFolder, { quickly: true })).toEqual([]);
  });
});
