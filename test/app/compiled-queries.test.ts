import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { getIntrospectionQuery } from "graphql";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const TICKETS = `query Tickets($filter: TicketFilter, $orderBy: TicketOrder, $first: Int, $after: String, $more: Boolean = false) {
  tickets(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { ...Short } }
    nodes { id again: id ... on Ticket { status } replies(last: 1) @include(if: $more) { nodes { body author { name } } } }
  }
}
fragment Short on Ticket {
  number subject createdAt attachmentBytes
  attachments(first: 2) { totalCount nodes { fileName size uploadedBy { email } ticket { number } } }
}`;

/** Of a ticket's timeline, once more under a condition. */
const LEFT_OUT = `query LeftOut($filter: TicketFilter, $more: Boolean = false) {
  tickets(filter: $filter) { nodes {
    timeline(first: 2) @include(if: $more) { nodes { ... on Reply { body } } }
    timeline(first: 2) { nodes { ... on Reply { id } } }
  } }
}`;

const TWO_TICKETS =
  "query Two($a: ID!, $b: ID!) { a: ticket(id: $a) { subject company { name } } b: ticket(id: $b) { subject } }";

const questions: Record<string, () => readonly [query: string, variables: Record<string, unknown>]> = {
  "a page": () => [TICKETS, { filter: { companyId }, first: 2 }],
  "a page in an order whose direction is a default": () => [
    TICKETS,
    { filter: { companyId }, orderBy: { field: "NUMBER" }, more: true },
  ],
  "a page with a filter of dates and enumerations": () => [
    TICKETS,
    { filter: { companyId, status: ["OPEN", "PENDING"], createdFrom: "2020-01-01T00:00:00.000Z" }, first: 1 },
  ],
  "what is left out of objects of several types": () => [LEFT_OUT, { filter: { companyId } }],
  "what is not left out of objects of several types": () => [LEFT_OUT, { filter: { companyId }, more: true }],
  "an empty page": () => [TICKETS, { filter: { companyId, search: "no such words" } }],
  "a cursor that is not one": () => [TICKETS, { filter: { companyId }, after: "nonsense" }],
  "a page that is too long": () => [TICKETS, { first: 1_000 }],
  "a variable of another type": () => [TICKETS, { first: "many" }],
  "a variable that is missing": () => [TWO_TICKETS, { a: companyId }],
  "a ticket that is not there": () => [TWO_TICKETS, { a: companyId, b: companyId }],
  "a refusal inside of a list, which makes the list null": () => [
    "query Refused { tickets(first: 2) { nodes { id company { id memberships(first: 1000) { nodes { role } } } } } }",
    {},
  ],
  "the schema": () => [getIntrospectionQuery(), {}],
  "names of types": () => ["query Names { __typename viewer { __typename user { __typename name } } }", {}],
};

describe("compiled queries", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
    const { agent, requester } = world.people;
    for (const subject of ["It hums", "It leaks", "It ticks"]) {
      const file = new File([`${subject}\n`], "note.txt", { type: "text/plain" });
      const ticket = await world.openTicket(requester, { companyId, subject, files: [file] });
      await world.addReply(agent, { ticketId: ticket.id, body: "We look into it." });
    }
  });

  afterAll(() => world?.close());

  it.each(Object.keys(questions))("answers a compiled query as an interpreted one: %s", async (name) => {
    const [query, variables] = questions[name]!();
    // Of one document, the first execution is interpreted, the second compiled.
    const ask = () => world.server.gql<Record<string, unknown>>(query, variables, world.people.agent.token);
    const interpreted = await ask();
    for (const compiled of [await ask(), await ask()]) {
      expect(compiled.status).toBe(interpreted.status);
      expect(withoutRequestIds(compiled)).toEqual(withoutRequestIds(interpreted));
    }
  });
});

const withoutRequestIds = ({ data, errors }: { data?: unknown; errors?: unknown }) =>
  JSON.parse(JSON.stringify({ data, errors }).replace(/"requestId":"[^"]*"/g, '"requestId":""')) as unknown;
