import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import type { OldDesk } from "../../../support/import-run.js";
import { importFrom } from "../../../support/import-run.js";
import { brokenPromises } from "../../../support/inventory.js";
import { makePdf, makePng } from "../../../support/make-files.js";
import { downloadStatus } from "../../../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;

const NOBODY = "0190a000-0000-7000-8000-000000000000";
const run = (entries: OldDesk["entries"], files: OldDesk["files"] = {}, more = {}) =>
  importFrom(world.server, { entries, files: { "a.pdf": makePdf(), ...files } }, more);
const failuresIn = ({ events }: Awaited<ReturnType<typeof run>>) =>
  events.flatMap((event) =>
    event.event === "failed" ? [`${event.line} ${event.code}: ${event.message}`] : [],
  );
const idsIn = ({ events }: Awaited<ReturnType<typeof run>>) =>
  events.flatMap((event) => (event.event === "imported" || event.event === "known" ? [event] : []));

describe("what an old desk had", () => {
  beforeAll(async () => {
    world = await startChatWorld({ env: { TICKET_FILES: "3", CHAT_FILES: "2" } });
    companyId = await world.newCompany();
  });
  afterAll(async () => {
    expect(await brokenPromises(world.server.database.sql, world.server.dataFolder)).toEqual([]);
    await world.close();
  });

  it("becomes attachments of tickets and replies, with description, uploader and time, once", async () => {
    const { server, people } = world;
    const { id: ticketId } = await world.openTicket(people.requester, { companyId });
    const reply = await world.addReply(people.agent, { ticketId, isInternal: true });
    const header = "source;company;resource_type;resource_id;description;uploaded_by;created_at";
    const lines = [
      `a.pdf;${companyId};ticket;${ticketId.toUpperCase()};The contract;customer@acme.test;2019-05-04 12:30:00+02`,
      `b.png;${companyId};reply;${reply.id};;;`,
    ];
    const files = { "b.png": await makePng() };
    const first = await run([header, ...lines].join("\n"), files);
    expect(failuresIn(first)).toEqual([]);
    const again = await run([header, ...lines].join("\n"), files);
    expect(again.summary).toMatchObject({ imported: 0, known: 2 });
    const withoutEvent = (all: ReturnType<typeof idsIn>) =>
      all
        .map(({ mediaFileId, attachmentId, line }) => ({ mediaFileId, attachmentId, line }))
        .sort((a, b) => a.line - b.line);
    expect(withoutEvent(idsIn(again))).toEqual(withoutEvent(idsIn(first)));
    const rows = await server.database.sql`select a.id, a.description, p.email, a.created_at, f.bucket,
        (select count(*)::int from media_usages u where u.media_file_id = f.id) as usages,
        (select count(*)::int from audit_log l where l.subject_id = a.id and l.action = 'attachment.added') as added,
        (select count(*)::int from audit_log l where l.subject_id = f.id and l.action = 'media-file.imported') as imported
      from attachments a join users p on p.id = a.uploader_id join media_files f on f.id = a.media_file_id
      where a.thread_id = ${ticketId} order by a.created_at`;
    expect(rows).toMatchObject([
      {
        description: "The contract",
        email: "customer@acme.test",
        created_at: new Date("2019-05-04T10:30:00Z"),
        ...{ bucket: "ATTACHMENTS", usages: 1, added: 1, imported: 1 },
      },
      { description: null, email: "agent@acme.test", usages: 1, added: 1, imported: 1 },
    ]);
    const events = await server.database.sql`select payload from events
      where topic = ${`ticket:${ticketId}`} and type = 'attachment.added' order by sequence`;
    expect(events).toHaveLength(2);
    const url = (id: string) => `${server.url}/attachments/${id}/x`;
    const [onTicket, onReply] = rows.map((row) => url(row.id));
    expect(await downloadStatus(onTicket!, people.requester)).toBe(200);
    expect(await downloadStatus(onReply!, people.requester)).toBe(404);
    expect(await downloadStatus(onReply!, people.agent)).toBe(200);
  });

  it("keeps the quota of a ticket exact, with its replies, when many entries race for it", async () => {
    const { server, people } = world;
    const { id: ticketId } = await world.openTicket(people.requester, { companyId });
    const reply = await world.addReply(people.agent, { ticketId });
    const entries = Array.from({ length: 8 }, (_, n) => ({
      source: `${n}.pdf`,
      company: companyId,
      ...(n % 2
        ? { resourceType: "reply", resourceId: reply.id }
        : { resourceType: "ticket", resourceId: ticketId }),
    }));
    const files = Object.fromEntries(entries.map(({ source }) => [source, makePdf(source)]));
    const { summary } = await run(entries, files, { atOnce: 8 });
    expect(summary).toMatchObject({ imported: 3, failedByCode: { QUOTA_EXCEEDED: 5 } });
    const [row] = await server.database.sql`
      select attachment_count + reply_attachment_count as count from tickets where id = ${ticketId}`;
    expect(row?.count).toBe(3);
  });

  it("is refused where there is nothing to attach it to, or the entry says too much or too little", async () => {
    const { server, people } = world;
    const live = await world.openTicket(people.requester, { companyId });
    const deleted = await world.openTicket(people.requester, { companyId });
    await server.gql(
      "mutation ($id: ID!) { deleteTicket(id: $id) { id } }",
      { id: deleted.id },
      people.manager.token,
    );
    const other = await world.openTicket(people.requester, { companyId: await world.newCompany() });
    const at = (resourceId: string, more = {}) => ({
      ...{ source: "a.pdf", company: companyId, resourceType: "ticket", resourceId },
      ...more,
    });
    const result = await run(
      [
        at(NOBODY),
        at(other.id),
        at(deleted.id),
        at("17"),
        at(live.id, { bucket: "PHOTOS" }),
        at(live.id, { fieldName: "file" }),
        at(live.id, { body: "x" }),
        at(live.id, { createdAt: "2019-05-04" }),
        at(live.id, { createdAt: "2999-05-04T10:00:00Z" }),
        at(live.id, { uploader: "customer@globex.test" }),
        at(live.id, { source: "" }),
        at(live.id, { resourceType: "Ticket" }),
        at("12", { resourceType: "page", bucket: "ATTACHMENTS", fieldName: "x", description: "x" }),
      ],
      {},
      { atOnce: 1 },
    );
    expect(failuresIn(result).map((failure) => failure.split(":")[0])).toEqual([
      ...["1 NOT_FOUND", "2 NOT_FOUND", "3 GONE"],
      ...Array.from({ length: 10 }, (_, n) => `${n + 4} BAD_ENTRY`),
    ]);
    expect(await server.database.sql`select from attachments where ticket_id = ${live.id}`).toHaveLength(0);
  });

  it("becomes messages of a conversation, in the order of the manifest, each once", async () => {
    const { server, people } = world;
    const id = await world.start({ companyId, participantIds: [people.requester.id] });
    await world.say(people.agent, id, "Moved in.");
    const message = (n: number, more = {}) => ({
      company: companyId,
      resourceType: "conversation",
      resourceId: id,
      key: `old-${n}`,
      sender: n % 2 ? "customer@acme.test" : "agent@acme.test",
      sentAt: `2019-05-04T12:00:0${n}Z`,
      body: `Message ${n}\nof ${9}`,
      ...more,
    });
    const entries = Array.from({ length: 9 }, (_, n) => message(n));
    Object.assign(entries[3]!, { body: "", files: ["a.pdf", { source: "b.png", fileName: "Zimmer.png" }] });
    entries.push(message(5, { body: "Said twice" }));
    const files = { "b.png": await makePng() };
    const first = await run(entries, files);
    expect(failuresIn(first)).toEqual([]);
    expect(first.summary).toMatchObject({ imported: 9, known: 1 });
    expect((await run(entries, files)).summary).toMatchObject({ imported: 0, known: 10 });
    const rows = await server.database.sql`select m.id, number, body, client_id, p.email, m.created_at,
        (select array_agg(f.file_name order by f.id) from attachments a join media_files f on f.id = a.media_file_id
          where a.message_id = m.id and a.created_at = m.created_at) as files
      from chat_messages m join users p on p.id = m.sender_id where conversation_id = ${id} order by number`;
    expect(rows.slice(1)).toMatchObject(
      entries.slice(0, 9).map((entry, n) => ({
        number: n + 2,
        body: entry.body,
        client_id: entry.key,
        email: entry.sender,
        created_at: new Date(entry.sentAt),
        files: n === 3 ? ["a.pdf", "Zimmer.png"] : null,
      })),
    );
    const sent = idsIn(first).filter(({ event }) => event === "imported");
    expect(new Set(sent.map(({ messageId }) => messageId))).toEqual(
      new Set(rows.slice(1).map((row) => row.id)),
    );
    const added = (await world.log(id)).filter(({ type }) => type === "message.added");
    expect(added.map(({ payload }) => payload.messageId)).toEqual(rows.map((row) => row.id));
    const shown = await world.read(people.requester, id);
    expect(shown.messages.nodes.map(({ body }) => body)).toEqual(rows.map(({ body }) => body));
    const audited = await server.database.sql`select from audit_log where action = 'message.imported'
      and subject_id = any(${rows.map((row) => row.id)})`;
    expect(audited).toHaveLength(9);
  });

  it("goes on behind a message that fails, and takes no more after it was stopped", async () => {
    const id = await world.start({ companyId });
    const message = (n: number, more = {}) => ({
      ...{ company: companyId, resourceType: "conversation", resourceId: id, key: `k${n}`, body: `${n}` },
      ...{ sender: "agent@acme.test", ...more },
    });
    const entries = [
      message(0, { files: ["none.pdf"] }),
      message(1, { files: ["a.pdf", "empty.pdf"] }),
      message(2, { files: ["a.pdf", "a.pdf", "a.pdf"] }),
      message(3),
      message(4, { body: " " }),
      message(5, { key: "" }),
      message(6, { sender: "" }),
      message(7, { bucket: "ATTACHMENTS" }),
      message(8, { resourceId: NOBODY }),
      message(9, { body: "x".repeat(10_001) }),
      message(10, { files: "a.pdf" }),
      message(11, { clientId: "twice" }),
    ];
    const result = await run(entries, { "empty.pdf": "" });
    expect(failuresIn(result).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))).toEqual([
      expect.stringMatching(/^1 SOURCE_NOT_FOUND: /),
      expect.stringMatching(/^2 CORRUPT_FILE: File 1 \("empty.pdf"\): /),
      expect.stringMatching(/^3 QUOTA_EXCEEDED: /),
      ...[5, 6, 7, 8].map((line) => expect.stringMatching(`^${line} BAD_ENTRY: `)),
      expect.stringMatching(/^9 NOT_FOUND: /),
      ...[10, 11, 12].map((line) => expect.stringMatching(`^${line} BAD_ENTRY: `)),
    ]);
    const stop = new AbortController();
    const more = Array.from({ length: 6 }, (_, n) => message(20 + n));
    const onEvent = ({ event }: { event: string }) => event === "imported" && stop.abort();
    const { summary } = await run(more, {}, { signal: stop.signal, onEvent });
    expect(summary).toMatchObject({ imported: 1, failed: 0, interrupted: true });
    await run(more);
    const bodies = await world.server.database.sql`
      select body from chat_messages where conversation_id = ${id} order by number`;
    expect(bodies.map((row) => row.body)).toEqual(["3", "20", "21", "22", "23", "24", "25"]);
  });

  it("knows a message that its client has sent here already, and refuses closed conversations", async () => {
    const { people, server } = world;
    const id = await world.start({ companyId });
    const said = await world.say(people.agent, id, { body: "Here.", clientId: "k1" });
    const entry = {
      company: companyId,
      resourceType: "conversation",
      resourceId: id,
      key: "k1",
      body: "Here.",
    };
    const entries = [{ ...entry, sender: "agent@acme.test", files: ["a.pdf"] }];
    expect(idsIn(await run(entries))).toMatchObject([{ event: "known", messageId: said.id }]);
    await server.gql("mutation ($id: ID!) { closeConversation(id: $id) { id } }", { id }, people.agent.token);
    expect(failuresIn(await run([{ ...entries[0], key: "k2" }]))).toEqual([
      expect.stringMatching(/^1 CONFLICT/),
    ]);
  });
});
