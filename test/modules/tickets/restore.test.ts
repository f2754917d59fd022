import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { eventsOf, inShort } from "../../support/event-log.js";
import {
  AddMediaUsageDocument,
  CreatePhotoDocument,
  DeleteAttachmentDocument,
  DeleteMediaFileDocument,
  DeletePostDocument,
  DeleteReplyDocument,
  RemoveMediaUsageDocument,
  RestoreAttachmentDocument,
  RestoreMediaFileDocument,
  RestoreReplyDocument,
  TicketDocument,
} from "../../support/generated/operations.js";
import { makeJpeg } from "../../support/make-files.js";
import { purgeDeletedFiles } from "../../support/purge-deleted-files.js";
import type { Query } from "../../support/test-client.js";
import { codeIn } from "../../support/test-client.js";
import type { SignedIn } from "../../support/test-server.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

const ask = <Data, Variables>({ token }: SignedIn, query: Query<Data, Variables>, variables: Variables) =>
  world.server.gql(query, variables, token);

const read = async (person: SignedIn) => (await ask(person, TicketDocument, { id: ticketId })).data!.ticket!;

const withFiles = (by: SignedIn, count: number, isInternal = false) =>
  world.addReply(by, { ticketId, isInternal, files: Array.from({ length: count }, () => textFile()) });

/** What the ticket counts of its replies' files. */
async function load() {
  const [row] = await world.server.database.sql`
    select reply_attachment_count as files, reply_attachment_bytes::int as bytes from tickets where id = ${ticketId}`;
  return row;
}

const auditOf = async (id: string) =>
  (await world.server.database.sql`select action from audit_log where subject_id = ${id} order by id`).map(
    ({ action }) => action,
  );

async function purge(): Promise<void> {
  const deletedBefore = new Date(Date.now() + 3_600_000);
  const { attachmentDeletions, replyDeletions } = world.server.services;
  await attachmentDeletions.purgeDeleted(deletedBefore);
  await replyDeletions.purgeDeleted(deletedBefore);
  await purgeDeletedFiles(world.server, deletedBefore);
}

describe("what is restored", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { TICKET_FILES: "4" } });
    companyId = await world.newCompany();
  });
  beforeEach(async () => {
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });
  afterAll(() => world?.close());

  describe("a reply", () => {
    it("comes back with its files, counters, usages, event and audit entry, and is there as before", async () => {
      const { requester, agent } = world.people;
      const reply = await withFiles(requester, 2);
      const before = await load();
      await ask(requester, DeleteReplyDocument, { id: reply.id });
      expect(await load()).toEqual({ files: 0, bytes: 0 });
      const seen = await eventsOf(world.server, `ticket:${ticketId}`, 0);

      const { data } = await ask(requester, RestoreReplyDocument, { id: reply.id });
      expect(data!.restoreReply).toMatchObject({
        id: reply.id,
        body: reply.body,
        deletedAt: null,
        attachments: { totalCount: 2 },
      });
      expect(await load()).toEqual(before);
      expect((await read(agent)).replies.nodes).toMatchObject([{ id: reply.id }]);
      for (const { url, mediaFile } of reply.attachments.nodes) {
        expect(await downloadStatus(url, agent)).toBe(200);
        expect(await downloadStatus(mediaFile!.url, requester)).toBe(200);
      }
      const ids = reply.attachments.nodes.map(({ id }) => id);
      const usages = await world.server.database.sql`
        select 1 from media_usages where resource_id = any(${ids}::text[])`;
      expect(usages).toHaveLength(2);
      expect(await auditOf(reply.id)).toEqual(["reply.deleted", "reply.restored"]);
      const events = await eventsOf(world.server, `ticket:${ticketId}`, seen.length);
      expect(inShort(events)).toEqual([["reply.added", { replyId: reply.id }]]);
    });

    it("leaves what was deleted before it in the bin", async () => {
      const { requester } = world.people;
      const reply = await withFiles(requester, 2);
      const [first, second] = reply.attachments.nodes;
      await ask(requester, DeleteAttachmentDocument, { id: first!.id });
      await ask(requester, DeleteReplyDocument, { id: reply.id });
      const { data } = await ask(requester, RestoreReplyDocument, { id: reply.id });
      expect(data!.restoreReply.attachments.nodes.map(({ id }) => id)).toEqual([second!.id]);
      expect(await load()).toMatchObject({ files: 1 });
      expect(codeIn(await ask(requester, RestoreAttachmentDocument, { id: first!.id }))).toBe("ok");
      expect(await load()).toMatchObject({ files: 2 });
    });

    it("stays deleted, and its files with it, while the ticket has no room for them", async () => {
      const { requester } = world.people;
      const reply = await withFiles(requester, 3);
      await ask(requester, DeleteReplyDocument, { id: reply.id });
      const other = await withFiles(requester, 2);
      const answer = await ask(requester, RestoreReplyDocument, { id: reply.id });
      expect(codeIn(answer)).toBe("QUOTA_EXCEEDED");
      expect(await load()).toMatchObject({ files: 2 });
      expect((await read(requester)).replies.totalCount).toBe(1);
      for (const { url } of reply.attachments.nodes) expect(await downloadStatus(url, requester)).toBe(410);
      await ask(requester, DeleteReplyDocument, { id: other.id });
      expect(codeIn(await ask(requester, RestoreReplyDocument, { id: reply.id }))).toBe("ok");
    });

    it("is restored once, by however many at once", async () => {
      const { requester, manager, admin } = world.people;
      const reply = await withFiles(requester, 2);
      const before = await load();
      await ask(requester, DeleteReplyDocument, { id: reply.id });
      const all = [requester, manager, admin, requester, manager];
      const answers = await Promise.all(all.map((by) => ask(by, RestoreReplyDocument, { id: reply.id })));
      expect(answers.map(codeIn)).toEqual(all.map(() => "ok"));
      expect(await load()).toEqual(before);
      expect(await auditOf(reply.id)).toEqual(["reply.deleted", "reply.restored"]);
    });

    it("never has a file that is purged, when it is restored and purged at once, 20 times", async () => {
      const { requester } = world.people;
      const outcomes = new Set<string>();
      for (let round = 0; round < 20; round++) {
        const { id } = await withFiles(requester, 2);
        await ask(requester, DeleteReplyDocument, { id });
        const restore = () => ask(requester, RestoreReplyDocument, { id });
        const [answer] = await (round % 2
          ? Promise.all([restore(), purge()])
          : purge().then(async () => [await restore()]));
        outcomes.add(codeIn(answer!));
        expect(["ok", "GONE", "NOT_FOUND"]).toContain(codeIn(answer!));
        const { nodes } = (await read(requester)).replies;
        expect(nodes).toHaveLength(codeIn(answer!) === "ok" ? 1 : 0);
        const files = nodes.flatMap(({ attachments }) => attachments.nodes);
        expect(await load()).toMatchObject({ files: files.length });
        for (const { url } of files) expect(await downloadStatus(url, requester)).toBe(200);
        for (const reply of nodes) await ask(requester, DeleteReplyDocument, { id: reply.id });
      }
      expect(outcomes).toContain("NOT_FOUND");
    });

    it("is purged with its text when its time is over", async () => {
      const { requester } = world.people;
      const reply = await withFiles(requester, 1);
      const kept = await withFiles(requester, 1);
      await ask(requester, DeleteReplyDocument, { id: reply.id });
      await purge();
      expect(await world.server.database.sql`select id from replies where ticket_id = ${ticketId}`).toEqual([
        { id: kept.id },
      ]);
      expect(codeIn(await ask(requester, RestoreReplyDocument, { id: reply.id }))).toBe("NOT_FOUND");
    });

    it("answers GONE after the retention period, although it is not purged yet", async () => {
      const { manager } = world.people;
      const reply = await withFiles(manager, 1);
      await ask(manager, DeleteReplyDocument, { id: reply.id });
      await world.server.database.sql`
        update replies set deleted_at = now() - interval '15 days' where id = ${reply.id}`;
      expect(codeIn(await ask(manager, RestoreReplyDocument, { id: reply.id }))).toBe("GONE");
    });

    it("comes back only to staff, if it is internal", async () => {
      const { requester, agent } = world.people;
      const before = (await read(requester)).updatedAt;
      const reply = await withFiles(agent, 1, true);
      await ask(agent, DeleteReplyDocument, { id: reply.id });
      await ask(agent, RestoreReplyDocument, { id: reply.id });
      expect((await read(agent)).replies.totalCount).toBe(1);
      expect(await read(requester)).toMatchObject({ updatedAt: before, replies: { totalCount: 0 } });
      const events = await eventsOf(world.server, `ticket:${ticketId}`, 0);
      for (const { payload } of events) expect(payload).toMatchObject({ isInternal: true });
    });
  });

  describe("the bin of a ticket", () => {
    const BIN = `query ($id: ID!, $first: Int, $after: String) { ticket(id: $id) {
      deletedReplies(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id deletedAt deletedBy { id } } }
      deletedPosts { totalCount nodes { id deletedBy { id } } }
      deletedAttachments { totalCount nodes { id fileName deletedBy { __typename ... on User { id } } } } } }`;
    interface Deleted {
      readonly totalCount: number;
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
      readonly nodes: readonly { readonly id: string; readonly deletedBy: { readonly id: string } }[];
    }
    type Bin = { readonly ticket: Record<"deletedReplies" | "deletedPosts" | "deletedAttachments", Deleted> };
    const binFor = async (by: SignedIn, more = {}) =>
      (await world.server.gql<Bin>(BIN, { id: ticketId, ...more }, by.token)).data!.ticket;
    const idsIn = ({ nodes }: Deleted) => nodes.map(({ id, deletedBy }) => [id, deletedBy.id]);

    it("shows staff what was deleted, by whom, the latest first, and customers nothing", async () => {
      const { requester, participant, agent, manager, admin } = world.people;
      await world.addParticipant(ticketId, participant);
      const [one, two] = [await withFiles(requester, 1), await withFiles(agent, 1, true)];
      const kept = await withFiles(requester, 1);
      const [direct] = await world.attach(requester, { ticketId, files: [textFile()] });
      const file = new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "a.jpg");
      const { data } = await agent.client.mutate({
        mutation: CreatePhotoDocument,
        variables: { input: { ticketId, file } },
      });
      const photo = data!.createPhoto.id;
      const ofReply = kept.attachments.nodes[0]!.id;
      await ask(requester, DeleteReplyDocument, { id: one.id });
      await ask(agent, DeleteReplyDocument, { id: two.id });
      await ask(manager, DeletePostDocument, { id: photo });
      await ask(requester, DeleteAttachmentDocument, { id: direct!.id });
      await ask(manager, DeleteAttachmentDocument, { id: ofReply });
      for (const person of [agent, manager, admin]) {
        const bin = await binFor(person);
        expect(bin.deletedReplies.totalCount).toBe(2);
        expect(idsIn(bin.deletedReplies)).toEqual([
          [two.id, agent.id],
          [one.id, requester.id],
        ]);
        expect(idsIn(bin.deletedPosts)).toEqual([[photo, manager.id]]);
        expect(bin.deletedAttachments.totalCount).toBe(2);
        expect(idsIn(bin.deletedAttachments)).toEqual([
          [ofReply, manager.id],
          [direct!.id, requester.id],
        ]);
      }
      for (const person of [requester, participant]) {
        const bin = await binFor(person);
        for (const list of Object.values(bin)) expect(list).toMatchObject({ totalCount: 0, nodes: [] });
      }
    });

    it("is read page by page, without what can no longer be restored", async () => {
      const { agent } = world.people;
      const ids: string[] = [];
      for (let index = 0; index < 4; index++) ids.push((await withFiles(agent, 0)).id);
      for (const id of ids) await ask(agent, DeleteReplyDocument, { id });
      await world.server.database.sql`
        update replies set deleted_at = now() - interval '15 days' where id = ${ids[3]!}`;
      const first = (await binFor(agent, { first: 2 })).deletedReplies;
      expect(first).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
      expect(first.nodes.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      const second = (await binFor(agent, { first: 2, after: first.pageInfo.endCursor })).deletedReplies;
      expect(second.pageInfo.hasNextPage).toBe(false);
      expect(second.nodes.map(({ id }) => id)).toEqual([ids[0]]);
    });
  });

  describe("a file", () => {
    const restoreFile = (by: SignedIn, id: string) => ask(by, RestoreMediaFileDocument, { id });

    it("that was deleted with its attachment names the attachment, which brings it back", async () => {
      const { requester } = world.people;
      const [attachment] = await world.attach(requester, { ticketId, files: [textFile()] });
      const { id } = attachment!;
      await ask(requester, DeleteAttachmentDocument, { id });
      const answer = await restoreFile(requester, attachment!.mediaFile!.id);
      expect(codeIn(answer)).toBe("CONFLICT");
      expect(answer.errors![0]).toMatchObject({
        message: expect.stringContaining(`attachment ${id}: call \`restoreAttachment\``),
        extensions: { attachmentId: id },
      });
      expect(codeIn(await ask(requester, RestoreAttachmentDocument, { id }))).toBe("ok");
      expect(await downloadStatus(attachment!.mediaFile!.url, requester)).toBe(200);
    });

    it("that was deleted with its reply names the reply", async () => {
      const { requester } = world.people;
      const reply = await withFiles(requester, 1);
      await ask(requester, DeleteReplyDocument, { id: reply.id });
      const answer = await restoreFile(requester, reply.attachments.nodes[0]!.mediaFile!.id);
      expect(answer.errors![0]!.extensions).toMatchObject({ code: "CONFLICT", replyId: reply.id });
    });

    it("that was deleted with its post names the post", async () => {
      const { requester } = world.people;
      const file = new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "a.jpg");
      const { data } = await requester.client.mutate({
        mutation: CreatePhotoDocument,
        variables: { input: { ticketId, file } },
      });
      const photo = data!.createPhoto as unknown as { id: string; file: { id: string } };
      await ask(requester, DeletePostDocument, { id: photo.id });
      const answer = await restoreFile(requester, photo.file.id);
      expect(answer.errors![0]!.extensions).toMatchObject({ code: "CONFLICT", postId: photo.id });
    });

    it("whose attachment a manager has deleted is not restored by its uploader in any way", async () => {
      const { requester, manager } = world.people;
      const [attachment] = await world.attach(requester, { ticketId, files: [textFile()] });
      await ask(manager, DeleteAttachmentDocument, { id: attachment!.id });
      expect(codeIn(await restoreFile(requester, attachment!.mediaFile!.id))).toBe("FORBIDDEN");
      const { id } = attachment!;
      expect(codeIn(await ask(requester, RestoreAttachmentDocument, { id }))).toBe("FORBIDDEN");
      expect(codeIn(await ask(manager, RestoreAttachmentDocument, { id }))).toBe("ok");
    });
  });

  describe("a reply whose file was deleted from the library afterwards", () => {
    it("is restored by a manager, and not by whoever may not restore the file", async () => {
      const { agent, manager } = world.people;
      const reply = await withFiles(agent, 1);
      const mediaFileId = reply.attachments.nodes[0]!.mediaFile!.id;
      const input = { mediaFileId, resourceType: "article", resourceId: "1", fieldName: "file" };
      // Used elsewhere, it stays when the reply is deleted.
      await ask(manager, AddMediaUsageDocument, { input });
      await ask(agent, DeleteReplyDocument, { id: reply.id });
      await ask(manager, RemoveMediaUsageDocument, { input });
      expect(codeIn(await ask(manager, DeleteMediaFileDocument, { id: mediaFileId }))).toBe("ok");

      const refused = await ask(agent, RestoreReplyDocument, { id: reply.id });
      expect(codeIn(refused)).toBe("FORBIDDEN");
      expect((await read(agent)).replies.totalCount).toBe(0);
      expect(codeIn(await ask(manager, RestoreReplyDocument, { id: reply.id }))).toBe("ok");
      expect(await load()).toMatchObject({ files: 1 });
    });
  });

  it("and what is purged is found by an index from every row that may refer to it", async () => {
    const without = await world.server.database.sql`
      select c.conrelid::regclass::text as table, a.attname as column from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.contype = 'f' and c.confrelid = any(array['tickets', 'replies', 'media_posts', 'attachments', 'chat_messages',
          'conversations', 'media_files', 'blobs']::regclass[])
        and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]
          and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))
      order by 1, 2`;
    expect([...without]).toEqual([]);
  });
});
