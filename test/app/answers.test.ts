import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { MIB } from "../../src/kernel/bytes.js";
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

beforeAll(async () => {
  const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
  world = await startTicketWorld({ log, env: { GRAPHQL_ANSWER_MEGABYTES: "1" } });
  companyId = await world.newCompany();
});
afterAll(() => world?.close());

const LIST = `query List($companyId: ID!, $first: Int!) {
  tickets(filter: { companyId: $companyId }, first: $first) { nodes { id description } }
}`;

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
        "an answer was too large",
      ]);
      expect(lines.filter(({ level }) => level > 40)).toEqual([]);
    }
  });
});

describe("a statement that takes too long", () => {
  it("is told as such, and is no failure of ours", async () => {
    const { server, people } = world;
    const { sql } = server.database;
    await sql`create function too_long() returns boolean language plpgsql stable as
      'begin raise exception using errcode = ''query_canceled''; end'`;
    await sql`alter table conversations enable row level security`;
    await sql`alter table conversations force row level security`;
    await sql`create policy slow on conversations using (too_long())`;
    lines.length = 0;
    // Stands for a statement that Postgres cancels: no test waits that long.
    const answer = await server.gql("{ conversations(first: 1) { nodes { id } } }", {}, people.agent.token);
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfter: 5 });
    expect(lines.filter(({ level }) => level >= 40).map(({ msg }) => msg)).toEqual([
      "a statement took too long",
    ]);
    await sql`drop policy slow on conversations`;
    await sql`alter table conversations no force row level security`;
    await sql`alter table conversations disable row level security`;
  });
});

describe("a request that reads in many ways at once", () => {
  const aliases = Array.from(
    { length: 40 },
    (_, index) => `a${index}: conversations(first: 1) { totalCount }`,
  );

  it("leaves others their connections: while it waits, another tenant's lists are answered", async () => {
    const { server, people } = world;
    const { sql } = server.database;
    const waiting = async () => {
      const [row] = await sql`select count(*)::int as count from pg_locks
        where not granted and relation = 'conversations'::regclass`;
      return Number(row?.count);
    };
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let locked = () => {};
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve;
    });
    // Stands for statements that take long: whoever reads conversations waits until it ends.
    const holding = sql.begin(async (tx) => {
      await tx`lock table conversations in access exclusive mode`;
      locked();
      await released;
    });
    await isLocked;
    const dear = Array.from({ length: 4 }, () =>
      server.gql(`{ ${aliases.join(" ")} }`, {}, people.agent.token),
    );
    while ((await waiting()) < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    for (let count = 0; count < 5; count++) {
      const list = await server.gql("{ tickets(first: 5) { nodes { id } } }", {}, people.stranger.token);
      expect(codeIn(list)).toBe("ok");
    }
    release();
    await holding;
    expect((await Promise.all(dear)).map(codeIn)).toEqual(["ok", "ok", "ok", "ok"]);
  });
});
