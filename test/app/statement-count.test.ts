import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { TicketListPageDocument, UpdateTicketDocument } from "../support/generated/operations.js";
import { codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld, textFile } from "../support/ticket-world.js";

const PAGE = 20;
const MOST = 8;

let world: TicketWorld;
let companyId: string;
const statements: string[] = [];

/** Each person of a ticket is another one, so that nobody has been read before by luck. */
beforeAll(async () => {
  world = await startTicketWorld({ onStatement: (statement) => statements.push(statement) });
  companyId = await world.newCompany();
  const { requester, participant, customer, agent, manager, admin } = world.people;
  for (let index = 0; index < PAGE; index++) {
    const by = [requester, participant][index % 2]!;
    const { id: ticketId } = await world.openTicket(by, { companyId });
    const input = { id: ticketId, assigneeId: agent.id };
    await world.server.gql(UpdateTicketDocument, { input }, agent.token);
    await world.attach(manager, { ticketId, files: [textFile("a.txt"), textFile("b.txt")] });
    await world.addParticipant(ticketId, customer);
    for (const author of [customer, admin, customer, admin].slice(0, 2 + (index % 3)))
      await world.addReply(author, { ticketId });
  }
});
afterAll(() => world?.close());

/** What the page costs: nothing is left out but what the driver asks of each new connection. */
async function listPage(first: number) {
  statements.length = 0;
  const answer = await world.server.gql(
    TicketListPageDocument,
    { first, filter: { companyId } },
    world.people.agent.token,
  );
  expect(codeIn(answer)).toBe("ok");
  const run = statements.filter((statement) => !statement.includes("pg_catalog.pg_type"));
  return { nodes: answer.data!.tickets.nodes, run };
}

it("lists tickets with files, people, company and last replies in at most 8 statements, whatever the page holds", async () => {
  for (let round = 0; round < 10; round++) {
    const two = await listPage(2);
    const twenty = await listPage(PAGE);
    expect(two.nodes).toHaveLength(2);
    expect(twenty.nodes).toHaveLength(PAGE);
    expect(twenty.nodes.flatMap(({ attachments }) => attachments.nodes)).toHaveLength(2 * PAGE);
    expect(Math.max(...twenty.nodes.map(({ replies }) => replies.nodes.length))).toBe(3);
    expect(twenty.run.length).toBeLessThanOrEqual(MOST);
    expect(two.run.length).toBe(twenty.run.length);
  }
});
