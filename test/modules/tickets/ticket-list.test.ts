import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newId } from "../../../src/kernel/ids.js";
import { encodeCursor } from "../../../src/kernel/pagination.js";
import type {
  TicketFilter,
  TicketOrder,
  TicketsQuery,
  TicketsQueryVariables,
} from "../../support/generated/operations.js";
import {
  DeleteTicketDocument,
  TicketsDocument,
  UpdateTicketDocument,
} from "../../support/generated/operations.js";
import { codeIn } from "../../support/test-client.js";
import type { SignedIn } from "../../support/test-server.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld } from "../../support/ticket-world.js";

let world: TicketWorld;

const ask = (person: SignedIn, variables: TicketsQueryVariables) =>
  world.server.gql(TicketsDocument, variables, person.token);

async function list(person: SignedIn, variables: TicketsQueryVariables): Promise<TicketsQuery["tickets"]> {
  const answer = await ask(person, variables);
  expect(codeIn(answer)).toBe("ok");
  return answer.data!.tickets;
}

const numbersOf = ({ edges }: TicketsQuery["tickets"]) => edges.map(({ node }) => node.number);

describe("ticket list", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });

  afterAll(() => world?.close());

  describe("filters", () => {
    let companyId: string;
    const found = async (filter: TicketFilter, person = world.people.agent) => {
      const page = await list(person, {
        filter: { companyId, ...filter },
        orderBy: { field: "NUMBER", direction: "ASC" },
      });
      expect(page.totalCount).toBe(page.edges.length);
      return numbersOf(page);
    };

    beforeAll(async () => {
      companyId = await world.newCompany();
      const { requester, participant, agent, manager } = world.people;
      const open = (by: SignedIn, subject: string, description = "") =>
        world.openTicket(by, { companyId, subject, description });
      const first = await open(requester, "Discount of 50% on the room");
      const second = await open(requester, "Room 50", "The key_card is broken");
      const third = await open(participant, "Path C:\\temp\\logs", "keyXcard");
      const fourth = await open(agent, "ÄRGER mit der Heizung");
      const change = (input: object) =>
        world.server.gql(UpdateTicketDocument, { input } as never, agent.token);
      await change({ id: first.id, status: "PENDING", priority: "URGENT", assigneeId: agent.id });
      await change({ id: second.id, status: "RESOLVED", assigneeId: manager.id });
      await change({ id: third.id, priority: "LOW" });
      const { sql } = world.server.database;
      for (const [day, { id }] of [first, second, third, fourth].entries())
        await sql`update tickets set created_at = ${`2026-03-0${day + 1}T12:00:00.000Z`} where id = ${id}`;
      await world.addParticipant(second.id, participant);
    });

    it.each<[string, TicketFilter, number[]]>([
      ["nothing narrows", {}, [1, 2, 3, 4]],
      ["nulls do not narrow", { status: null, priority: null, search: null, assigneeId: null }, [1, 2, 3, 4]],
      ["empty lists do not narrow", { status: [], priority: [], search: "  " }, [1, 2, 3, 4]],
      ["one status", { status: ["OPEN"] }, [3, 4]],
      ["any of several statuses", { status: ["PENDING", "RESOLVED"] }, [1, 2]],
      ["one priority", { priority: ["URGENT"] }, [1]],
      ["any of several priorities", { priority: ["LOW", "URGENT"] }, [1, 3]],
      ["with an assignee", { isAssigned: true }, [1, 2]],
      ["without an assignee", { isAssigned: false }, [3, 4]],
      ["a word of the subject, whatever its case", { search: "rOOm" }, [1, 2]],
      ["a word of the description", { search: "key" }, [2, 3]],
      ["letters beyond ASCII, whatever their case", { search: "ärger" }, [4]],
      ["a per cent sign means itself", { search: "50%" }, [1]],
      ["an underscore means itself", { search: "key_card" }, [2]],
      ["a backslash means itself", { search: "c:\\temp\\" }, [3]],
      ["a backslash before a wildcard means itself", { search: "\\%" }, []],
      ["a quote means itself", { search: "'" }, []],
      ["from a moment on", { createdFrom: "2026-03-03T12:00:00Z" }, [3, 4]],
      ["before a moment", { createdBefore: "2026-03-03T12:00:00Z" }, [1, 2]],
      [
        "between two moments",
        { createdFrom: "2026-03-02T00:00:00+01:00", createdBefore: "2026-03-04T00:00:00Z" },
        [2, 3],
      ],
      ["all at once", { status: ["PENDING"], priority: ["URGENT"], isAssigned: true, search: "50" }, [1]],
      ["contradictions", { status: ["OPEN"], isAssigned: true }, []],
    ])("%s", async (_what, filter, numbers) => {
      expect(await found(filter)).toEqual(numbers);
    });

    it("finds by assignee and by requester", async () => {
      const { agent, manager, requester, participant } = world.people;
      expect(await found({ assigneeId: agent.id })).toEqual([1]);
      expect(await found({ assigneeId: manager.id })).toEqual([2]);
      expect(await found({ requesterId: requester.id })).toEqual([1, 2]);
      expect(await found({ requesterId: participant.id })).toEqual([3]);
      expect(await found({ requesterId: newId() })).toEqual([]);
    });

    it("never shows a customer more than what they take part in, whatever the filter", async () => {
      const { requester, participant, customer, stranger, outsideManager } = world.people;
      expect(await found({}, requester)).toEqual([1, 2]);
      expect(await found({}, participant)).toEqual([2, 3]);
      expect(await found({ requesterId: requester.id }, participant)).toEqual([2]);
      expect(await found({ requesterId: requester.id }, customer)).toEqual([]);
      expect(await found({}, stranger)).toEqual([]);
      expect(await found({}, outsideManager)).toEqual([]);
    });

    it("lists deleted tickets to managers and administrators alone", async () => {
      const { manager, admin, agent, requester } = world.people;
      const { id, number } = await world.openTicket(requester, { companyId, subject: "A mistake" });
      await world.server.gql(DeleteTicketDocument, { id }, manager.token);
      expect(await found({})).toEqual([1, 2, 3, 4]);
      expect(await found({ isDeleted: false }, manager)).toEqual([1, 2, 3, 4]);
      for (const [person, seen] of [
        [manager, [number]],
        [admin, [number]],
        [agent, []],
        [requester, []],
      ] as const)
        expect(await found({ isDeleted: true }, person)).toEqual(seen);
    });

    it.each<[string, TicketFilter]>([
      ["an id that is none", { companyId: "acme" }],
      ["an assignee that is none", { assigneeId: "1" }],
      ["a requester that is none", { requesterId: "'; drop table tickets" }],
      ["a search of 201 characters", { search: "x".repeat(201) }],
      ["a search for NUL, which no text has", { search: "a\0b" }],
      ["a moment that is none", { createdFrom: "yesterday" }],
      ["a moment before the year 1", { createdFrom: "0000-01-01T00:00:00Z" }],
      ["a status that is none", { status: ["DONE" as "OPEN"] }],
    ])("refuses %s", async (_what, filter) => {
      const answer = await ask(world.people.agent, { filter: { companyId, ...filter } });
      expect(codeIn(answer)).toBe("BAD_USER_INPUT");
    });
  });

  describe("pages", () => {
    const COUNT = 23;
    const FIELDS = ["CREATED_AT", "UPDATED_AT", "PRIORITY", "NUMBER"] as const;
    const ORDERS = FIELDS.flatMap((field) =>
      (["ASC", "DESC"] as const).map((direction): TicketOrder => ({ field, direction })),
    );
    let companyId: string;
    const newestFirst = (moment: string) => encodeCursor(["CREATED_AT DESC", moment, newId()]);
    const pageOf = (variables: TicketsQueryVariables) =>
      list(world.people.agent, { filter: { companyId }, ...variables });

    beforeAll(async () => {
      companyId = await world.newCompany();
      for (let index = 0; index < COUNT; index++)
        await world.openTicket(world.people.requester, {
          companyId,
          priority: (["LOW", "URGENT", "NORMAL"] as const)[index % 3]!,
        });
      // Few different values, so that pages end between equal ones; and not in the order of the numbers.
      const { sql } = world.server.database;
      await sql`update tickets set
      created_at = '2026-05-01'::timestamptz + (number * 7 % 4) * interval '1 day',
      updated_at = '2026-05-01'::timestamptz + (number * 5 % 3) * interval '1 day'
      where company_id = ${companyId}`;
    });

    it.each(ORDERS)("are in the order of $field $direction, each ticket once", async (orderBy) => {
      const { sql } = world.server.database;
      const key = {
        CREATED_AT: "created_at",
        UPDATED_AT: "updated_at",
        PRIORITY: "priority",
        NUMBER: "number",
      };
      const toward = orderBy.direction === "ASC" ? sql`asc` : sql`desc`;
      const rows = await sql<{ number: number }[]>`select number from tickets where company_id = ${companyId}
      order by ${sql(key[orderBy.field!])} ${toward}, id ${toward}`;
      const whole = await pageOf({ orderBy, first: 100 });
      expect(numbersOf(whole)).toEqual(rows.map(({ number }) => number));
      expect(whole).toMatchObject({
        totalCount: COUNT,
        pageInfo: { hasNextPage: false, hasPreviousPage: false },
      });
    });

    it.each(ORDERS)("read on from cursor to cursor by $field $direction, forward", async (orderBy) => {
      const whole = numbersOf(await pageOf({ orderBy, first: 100 }));
      const read: number[] = [];
      let after: string | null = null;
      for (let page = 0; page < COUNT; page++) {
        const { edges, pageInfo } = await pageOf({ orderBy, first: 5, after });
        read.push(...edges.map(({ node }) => node.number));
        expect(pageInfo).toMatchObject({
          hasPreviousPage: page > 0,
          startCursor: edges[0]?.cursor,
          endCursor: edges.at(-1)?.cursor,
        });
        after = pageInfo.endCursor;
        if (!pageInfo.hasNextPage) break;
      }
      expect(read).toEqual(whole);
    });

    it.each(ORDERS)("read back from cursor to cursor by $field $direction", async (orderBy) => {
      const whole = numbersOf(await pageOf({ orderBy, first: 100 }));
      const read: number[] = [];
      let before: string | null = null;
      for (let page = 0; page < COUNT; page++) {
        const { edges, pageInfo } = await pageOf({ orderBy, last: 5, before });
        read.unshift(...edges.map(({ node }) => node.number));
        expect(pageInfo.hasNextPage).toBe(page > 0);
        before = pageInfo.startCursor;
        if (!pageInfo.hasPreviousPage) break;
      }
      expect(read).toEqual(whole);
    });

    it("are 20 long, the newest ticket first, unless something else is asked for", async () => {
      const page = await pageOf({});
      expect(page.edges).toHaveLength(20);
      expect(numbersOf(page)).toEqual(
        numbersOf(await pageOf({ first: 20, orderBy: { field: "CREATED_AT", direction: "DESC" } })),
      );
    });

    it("may be empty and still count", async () => {
      expect(await pageOf({ first: 0 })).toMatchObject({
        totalCount: COUNT,
        edges: [],
        pageInfo: { hasNextPage: true, startCursor: null, endCursor: null },
      });
    });

    it("do not shift when a ticket is opened while they are read", async () => {
      const newCompany = await world.newCompany();
      const { agent, requester } = world.people;
      for (let index = 0; index < 4; index++) await world.openTicket(requester, { companyId: newCompany });
      const filter = { companyId: newCompany };
      const first = await list(agent, { filter, first: 2 });
      await world.openTicket(requester, { companyId: newCompany });
      const second = await list(agent, { filter, first: 2, after: first.pageInfo.endCursor });
      expect([...numbersOf(first), ...numbersOf(second)]).toEqual([4, 3, 2, 1]);
    });

    it.each<[string, TicketsQueryVariables]>([
      ["more than 100", { first: 101 }],
      ["less than none", { first: -1 }],
      ["first and last", { first: 1, last: 1 }],
      ["after with last", { last: 1, after: newestFirst("2026-05-01T00:00:00.000Z") }],
      ["before with first", { first: 1, before: newestFirst("2026-05-01T00:00:00.000Z") }],
      ["after with before", { first: 1, after: newestFirst("2026-05-01T00:00:00.000Z"), before: "x" }],
    ])("refuse %s", async (_what, variables) => {
      expect(codeIn(await ask(world.people.agent, variables))).toBe("BAD_USER_INPUT");
    });

    it("take a cursor that is well-formed, though its ticket was never there", async () => {
      const page = await pageOf({ first: 100, after: newestFirst("2026-05-02T12:00:00.000Z") });
      expect(page.edges.length).toBeGreaterThan(0);
      expect(page.edges.length).toBeLessThan(COUNT);
    });

    it.each<[string, string]>([
      ["nothing", ""],
      ["a word", "hello"],
      ["no JSON", Buffer.from("hello").toString("base64url")],
      ["no list", Buffer.from('{"a":1}').toString("base64url")],
      ["an empty list", encodeCursor([])],
      ["one key too few", encodeCursor([newId()])],
      ["one key too many", encodeCursor(["CREATED_AT DESC", "2026-05-01T00:00:00.000Z", newId(), newId()])],
      ["lists in the list", Buffer.from("[[1],[2],[3]]").toString("base64url")],
      ["no moment", newestFirst("soon")],
      ["a moment as only JavaScript reads it", newestFirst("1")],
      ["a moment in the year 0", newestFirst("0000-01-01T00:00:00.000Z")],
      ["a moment far in the future", newestFirst("+275760-09-13T00:00:00.000Z")],
      ["no id", encodeCursor(["CREATED_AT DESC", "2026-05-01T00:00:00.000Z", "1"])],
      ["nulls", encodeCursor(["CREATED_AT DESC", null, null])],
    ])("refuse a cursor that is %s", async (_what, after) => {
      expect(codeIn(await ask(world.people.agent, { first: 1, after }))).toBe("BAD_USER_INPUT");
    });

    it.each([
      ["a fraction", 1.5],
      ["more than the column holds", 3_000_000_000],
      ["more than a number holds", 1e300],
      ["a text", "1"],
    ])("refuse a cursor on the number with %s", async (_what, number) => {
      const after = encodeCursor(["NUMBER DESC", number, newId()]);
      const orderBy = { field: "NUMBER", direction: "DESC" } as const;
      expect(codeIn(await ask(world.people.agent, { first: 1, after, orderBy }))).toBe("BAD_USER_INPUT");
    });

    it.each(ORDERS)(
      "refuse the cursors of $field $direction in lists of every other order",
      async (orderBy) => {
        const { endCursor: after } = (await pageOf({ first: 1, orderBy })).pageInfo;
        for (const other of ORDERS) {
          const answer = await ask(world.people.agent, {
            filter: { companyId },
            first: 1,
            after,
            orderBy: other,
          });
          expect([other, codeIn(answer)]).toEqual([other, other === orderBy ? "ok" : "BAD_USER_INPUT"]);
        }
      },
    );
  });
});
