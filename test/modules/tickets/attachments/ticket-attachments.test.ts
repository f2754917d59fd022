import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { countStatements } from "../../../support/statement-count.js";
import { codeOf, failureOf } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
const statements: string[] = [];

const FIELDS = `number
  attachmentQuota { files maxFiles bytes maxBytes }
  allAttachments(first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { fileName size ticket { id } reply { id } } }`;
interface Shown {
  readonly attachmentQuota: { files: number; maxFiles: number; bytes: number; maxBytes: number };
  readonly allAttachments: {
    readonly totalCount: number;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    readonly nodes: readonly {
      fileName: string;
      size: number;
      ticket: { id: string } | null;
      reply: { id: string } | null;
    }[];
  };
}
const QUERY = `query ($id: ID!, $first: Int, $after: String) { ticket(id: $id) { ${FIELDS} } }`;

const shownTo = async (by: SignedIn, id: string, page = {}) =>
  (await world.server.gql<{ ticket: Shown }>(QUERY, { id, ...page }, by.token)).data!.ticket;

const hanging = ({ allAttachments }: Shown) =>
  allAttachments.nodes.map(({ fileName, ticket, reply }) => [
    fileName,
    ticket?.id ?? null,
    reply?.id ?? null,
  ]);

describe("all files of a ticket", () => {
  beforeAll(async () => {
    world = await startTicketWorld({
      env: { TICKET_FILES: "5", TICKET_MEGABYTES: "2" },
      onStatement: (statement) => statements.push(statement),
    });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("lists those of the ticket and of its replies, and what each is attached to, page by page", async () => {
    const { requester, agent } = world.people;
    const { id: ticketId } = await world.openTicket(requester, { companyId, files: [textFile("a.txt")] });
    const { id: replyId } = await world.addReply(agent, { ticketId, files: [textFile("b.txt")] });
    await world.attach(requester, { ticketId, files: [textFile("c.txt")] });
    const { id: elsewhere } = await world.openTicket(requester, { companyId, files: [textFile("d.txt")] });
    await world.addReply(requester, { ticketId: elsewhere, files: [textFile("e.txt")] });
    const shown = await shownTo(requester, ticketId);
    expect(hanging(shown)).toEqual([
      ["a.txt", ticketId, null],
      ["b.txt", null, replyId],
      ["c.txt", ticketId, null],
    ]);
    const first = await shownTo(requester, ticketId, { first: 2 });
    expect(first.allAttachments).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    const after = first.allAttachments.pageInfo.endCursor;
    expect(hanging(await shownTo(requester, ticketId, { first: 2, after }))).toEqual([
      ["c.txt", ticketId, null],
    ]);
  });

  it("shows files of internal replies to staff alone", async () => {
    const { requester, participant, agent, manager, admin } = world.people;
    const { id: ticketId } = await world.openTicket(requester, { companyId });
    await world.addParticipant(ticketId, participant);
    await world.addReply(agent, { ticketId, isInternal: true, files: [textFile("internal.txt")] });
    await world.addReply(agent, { ticketId, files: [textFile("open.txt")] });
    for (const by of [agent, manager, admin]) {
      const { allAttachments } = await shownTo(by, ticketId);
      expect(allAttachments).toMatchObject({
        totalCount: 2,
        nodes: [{ fileName: "internal.txt" }, { fileName: "open.txt" }],
      });
    }
    for (const by of [requester, participant]) {
      const { allAttachments } = await shownTo(by, ticketId);
      expect(allAttachments).toMatchObject({ totalCount: 1, nodes: [{ fileName: "open.txt" }] });
    }
  });

  it("tells staff the figures by which the quota refuses, and nobody else, who could conclude from them", async () => {
    const { requester, agent } = world.people;
    const { id: ticketId } = await world.openTicket(requester, { companyId, files: [textFile()] });
    await world.addReply(requester, { ticketId, files: [textFile(), textFile()] });
    expect((await shownTo(requester, ticketId)).attachmentQuota).toBeNull();
    const { attachmentQuota: quota, allAttachments } = await shownTo(agent, ticketId);
    const bytes = allAttachments.nodes.reduce((sum, { size }) => sum + size, 0);
    expect(quota).toEqual({ files: 3, maxFiles: 5, bytes, maxBytes: 2 * 1024 * 1024 });
    const files = Array.from({ length: quota.maxFiles - quota.files + 1 }, () => textFile());
    const failure = await failureOf(world.attach(requester, { ticketId, files }));
    expect(failure?.extensions).toMatchObject({ code: "QUOTA_EXCEEDED", limit: quota.maxFiles, actual: 6 });
    expect(await codeOf(world.attach(requester, { ticketId, files: files.slice(1) }))).toBe("ok");
    expect((await shownTo(agent, ticketId)).attachmentQuota.files).toBe(5);
  });

  it("costs as many statements for ten tickets as for two", async () => {
    const { agent } = world.people;
    const company = await world.newCompany();
    for (let n = 0; n < 10; n++) {
      const { id: ticketId } = await world.openTicket(agent, { companyId: company, files: [textFile()] });
      await world.addReply(agent, { ticketId, files: [textFile()] });
    }
    const query = `query ($companyId: ID!, $count: Int, $first: Int, $after: String) {
      tickets(filter: { companyId: $companyId }, first: $count) { nodes { ${FIELDS} } } }`;
    const ask = (count: number) => world.server.gql(query, { companyId: company, count }, agent.token);
    expect((await ask(10)).data).toMatchObject({
      tickets: { nodes: Array.from({ length: 10 }, () => ({ allAttachments: { totalCount: 2 } })) },
    });
    const few = await countStatements(statements, () => ask(2));
    expect(await countStatements(statements, () => ask(10))).toBe(few);
  });
});
