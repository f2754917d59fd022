import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { MIB } from "../../src/kernel/bytes.js";
import { holdTable } from "../support/hold-table.js";
import { codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

interface LogLine {
  readonly level: number;
  readonly msg: string;
}

let world: TicketWorld;
let companyId: string;
const lines: LogLine[] = [];

const LIST = `query List($companyId: ID!, $first: Int!) {
  tickets(filter: { companyId: $companyId }, first: $first) { nodes { id description } }
}`;

describe("answers", () => {
  beforeAll(async () => {
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    world = await startTicketWorld({ log, env: { GRAPHQL_ANSWER_MEGABYTES: "1" } });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("the size of an answer", () => {
    beforeAll(async () => {
      const { agent } = world.people;
      const description = "x".repeat(48_000);
      for (let number = 0; number < 24; number++)
        await world.openTicket(agent, { companyId, subject: `Long ${number}`, description });
    });

    it("is bounded, with a code, a warning and no failure of ours; below the bound nothing changes", async () => {
      const { server, people } = world;
      const ask = (first: number) => server.gql(LIST, { companyId, first }, people.agent.token);
      // Twice: by the interpreter, and compiled.
      for (const _way of ["interpreted", "compiled"]) {
        const small = await ask(20);
        expect(codeIn(small)).toBe("ok");
        lines.length = 0;
        const large = await ask(24);
        expect(large.status).toBe(400);
        expect(large.data).toBeNull();
        expect(large.errors?.[0]?.extensions).toEqual({ code: "QUERY_TOO_COMPLEX", status: 400, limit: MIB });
        expect(lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual([
          "a response was too large",
        ]);
        expect(lines.filter(({ level }) => level > 40)).toEqual([]);
      }
    });
  });

  describe("a request that reads in many ways at once", () => {
    const aliases = Array.from(
      { length: 40 },
      (_, index) => `a${index}: conversations(first: 1) { totalCount }`,
    );

    it("leaves others their connections: while it waits, another tenant's lists are answered", async () => {
      const { server, people } = world;
      const held = await holdTable(server.database.sql, "conversations");
      const dear = Array.from({ length: 4 }, () =>
        server.gql(`{ ${aliases.join(" ")} }`, {}, people.agent.token),
      );
      while ((await held.waiting()) < 4) await new Promise((resolve) => setTimeout(resolve, 10));
      for (let count = 0; count < 5; count++) {
        const list = await server.gql("{ tickets(first: 5) { nodes { id } } }", {}, people.stranger.token);
        expect(codeIn(list)).toBe("ok");
      }
      await held.release();
      expect((await Promise.all(dear)).map(codeIn)).toEqual(["ok", "ok", "ok", "ok"]);
    });
  });
});
