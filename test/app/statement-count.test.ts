import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { TicketListPageDocument, UpdateTicketDocument } from "../support/generated/operations.js";
import { codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld, textFile } from "../support/ticket-world.js";

const PAGE = 20;
const MOST = 8;

let world: TicketWorld;
let companyId: string;
const statements: string[] = [];

const run = () => statements.filter((statement) => !statement.includes("pg_catalog.pg_type"));

/** What the page costs: nothing is left out but what the driver asks of each new connection. */
async function listPage(first: number) {
  statements.length = 0;
  const answer = await world.server.gql(
    TicketListPageDocument,
    { first, filter: { companyId } },
    world.people.agent.token,
  );
  expect(codeIn(answer)).toBe("ok");
  return { nodes: answer.data!.tickets.nodes, run: run() };
}

interface Asked {
  readonly tickets: { readonly nodes: readonly AskedTicket[] };
  readonly ticket: AskedTicket;
}
type AskedTicket = { readonly id: string; readonly number: number; readonly description: string };

describe("statement count", () => {
  /** Each person of a ticket is another one, so that nobody has been read before by luck. */
  beforeAll(async () => {
    world = await startTicketWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
    const { requester, participant, customer, agent, manager, admin } = world.people;
    for (let index = 0; index < PAGE; index++) {
      const by = [requester, participant][index % 2]!;
      const { id: ticketId } = await world.openTicket(by, { companyId, description: `It hums ${index}` });
      const input = { id: ticketId, assigneeId: agent.id };
      await world.server.gql(UpdateTicketDocument, { input }, agent.token);
      await world.attach(manager, { ticketId, files: [textFile("a.txt"), textFile("b.txt")] });
      await world.addParticipant(ticketId, customer);
      for (const author of [customer, admin, customer, admin].slice(0, 2 + (index % 3)))
        await world.addReply(author, { ticketId });
    }
  });

  afterAll(() => world?.close());

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

  describe("descriptions of tickets, which may be 50,000 characters long,", () => {
    /** Whether it is among the columns: a search names it as well, behind them. Attachments have descriptions, too. */
    const readsDescriptions = (statement: string) =>
      /(?<!"attachments"\.)"description"/.test(statement.split(' from "tickets"')[0]!) &&
      statement.includes(' from "tickets"');

    async function ask(query: string, variables: Record<string, unknown> = {}) {
      statements.length = 0;
      const answer = await world.server.gql<Asked>(query, variables, world.people.agent.token);
      expect(codeIn(answer)).toBe("ok");
      return { data: answer.data!, run: run(), reading: run().filter(readsDescriptions) };
    }

    const listed = (fields: string, first: number) =>
      ask(
        `query ($filter: TicketFilter, $first: Int) { tickets(filter: $filter, first: $first) { nodes { ${fields} } } }`,
        {
          filter: { companyId },
          first,
        },
      );

    it("are not read for a list that does not ask for them, nor for tickets within it", async () => {
      expect((await listed("id", PAGE)).reading).toEqual([]);
      expect((await listed("id attachments { nodes { ticket { number } } }", PAGE)).reading).toEqual([]);
      const counted =
        "a: tickets(first: 9) { totalCount nodes { subject } } b: tickets { edges { node { id } } }";
      expect((await ask(`{ ${counted} }`)).reading).toEqual([]);
    });

    it("cost a list one statement more, whatever the page holds", async () => {
      for (const first of [1, 2, PAGE]) {
        const without = await listed("number", first);
        const { data, run: all, reading } = await listed("number description", first);
        expect(reading).toHaveLength(1);
        expect(all).toHaveLength(without.run.length + 1);
        const { nodes } = data.tickets;
        expect(nodes).toHaveLength(first);
        for (const { number, description } of nodes) expect(description).toBe(`It hums ${number - 1}`);
      }
    });

    it("are read with a ticket that is asked for by its id", async () => {
      const { data: page } = await listed("id", 1);
      const { id } = page.tickets.nodes[0]!;
      const single = (fields: string) => ask(`query ($id: ID!) { ticket(id: $id) { ${fields} } }`, { id });
      const { data, run: all } = await single("description");
      expect(data.ticket).toEqual({ description: `It hums ${PAGE - 1}` });
      expect(all).toHaveLength((await single("id")).run.length);
    });
  });
});
