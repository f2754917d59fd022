import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createClient } from "graphql-ws";
import { pino } from "pino";
import { WebSocket } from "ws";
import { UpdateTicketDocument } from "../support/generated/operations.js";
import type { HeldTable } from "../support/hold-table.js";
import { holdTable } from "../support/hold-table.js";
import { bearer, codeIn, isCutOff } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld, textFile } from "../support/ticket-world.js";

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly path?: readonly string[];
}

const READ_MS = 1_000;

let world: TicketWorld;
let companyId: string;
const lines: LogLine[] = [];
const statements: string[] = [];

/** Does something while nobody can read a table. */
async function whileHeld<Result>(table: string, work: (held: HeldTable) => Promise<Result>): Promise<Result> {
  const held = await holdTable(world.server.database.sql, table);
  try {
    return await work(held);
  } finally {
    await held.release();
  }
}

const connections = async (): Promise<unknown[]> => {
  const rows = await world.server.database.sql`select pid from pg_stat_activity
    where application_name = 'filedesk' and datname = current_database() order by pid`;
  return rows.map(({ pid }) => pid);
};

const TIMED_OUT = { code: "TIMED_OUT", status: 503, retryAfter: 5 };
const warnings = () => lines.filter(({ level }) => level >= 40).map(({ level, msg }) => ({ level, msg }));
const TOLD = { level: 40, msg: "a statement took too long" };

/** The code with which the server closes a websocket whose client subscribes to something. */
function closingOf(query: string): Promise<unknown> {
  return new Promise((resolve) => {
    const client = createClient({
      url: `${world.server.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: bearer(world.people.agent.token),
      retryAttempts: 0,
      on: { closed: (event) => resolve((event as { code?: number }).code) },
    });
    client.subscribe({ query }, { next() {}, error() {}, complete() {} });
  });
}

/** Keeps a ticket from whoever changes it. */
function holdTicket(id: string) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = world.server.database.sql.begin(async (tx) => {
    await tx`select from tickets where id = ${id} for update`;
    await released;
  });
  return {
    async release() {
      release();
      await holding;
    },
  };
}

describe("slow reads", () => {
  beforeAll(async () => {
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const onStatement = (statement: string) => statements.push(statement);
    world = await startTicketWorld({ log, onStatement, env: { READ_SECONDS: String(READ_MS / 1_000) } });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  beforeEach(() => {
    lines.length = statements.length = 0;
  });

  describe("a read that takes longer than reads may", () => {
    it("ends with a code of its own and gives its connection back, while what it waits for goes on", async () => {
      const { server, people } = world;
      const ask = (query: string) => server.gql(query, {}, people.agent.token);
      await ask("{ conversations(first: 1) { nodes { id } } }");
      const before = await connections();
      await whileHeld("conversations", async () => {
        const answer = await ask("{ slow: conversations(first: 1) { nodes { id } } }");
        expect(answer.errors).toMatchObject([{ path: ["slow"], extensions: TIMED_OUT }]);
        expect(answer.errors?.[0]?.message).toMatch(/took longer than a request may take\. Ask for less/);
        expect(warnings()).toEqual([TOLD]);
        expect(lines.find(({ msg }) => msg === TOLD.msg)?.path).toEqual(["slow"]);
        for (let count = 0; count < 5; count++)
          expect(codeIn(await ask("{ tickets(first: 5) { nodes { id } } }"))).toBe("ok");
      });
      expect(codeIn(await ask("{ conversations(first: 1) { nodes { id } } }"))).toBe("ok");
      expect(await connections()).toEqual(before);
    });

    it("takes those with it that wait behind it in the same request, so that they hold nothing", async () => {
      const { server, people } = world;
      const aliases = Array.from(
        { length: 40 },
        (_, index) => `a${index}: conversations(first: 1) { nodes { id } }`,
      );
      await whileHeld("conversations", async () => {
        const answer = await server.gql(`{ ${aliases.join(" ")} }`, {}, people.agent.token);
        expect(new Set(answer.errors?.map(({ extensions }) => extensions.code))).toEqual(
          new Set(["TIMED_OUT"]),
        );
      });
      expect(statements.filter((statement) => statement.includes(' from "conversations"'))).toHaveLength(2);
      expect(new Set(warnings())).toEqual(new Set([TOLD]));
    });

    it.each([
      [
        "in a list of an object",
        "conversations",
        "{ tickets(first: 1) { nodes { conversations { nodes { id } } } } }",
      ],
      ["by its id", "companies", "{ tickets(first: 1) { nodes { company { name } } } }"],
      [
        "as a report",
        "media_files",
        "query ($companyId: ID!) { storageReport(companyId: $companyId) { files } }",
      ],
      [
        "before a mutation",
        "ticket_participants",
        'mutation ($id: ID!) { updateTicket(input: { id: $id, subject: "So" }) { id } }',
      ],
    ])("is told as such %s", async (_where, table, query) => {
      const { server, people } = world;
      const { id } = await world.openTicket(people.requester, { companyId });
      await whileHeld(table, async () => {
        const answer = await server.gql(query, { companyId, id }, people.manager.token);
        expect(answer.errors?.[0]?.extensions).toMatchObject(TIMED_OUT);
        expect(new Set(warnings())).toEqual(new Set([TOLD]));
      });
    });

    it("is told as such of a request that it keeps from beginning, and of a download", async () => {
      const { server, people } = world;
      const { id: ticketId } = await world.openTicket(people.requester, { companyId });
      const [attachment] = await world.attach(people.requester, { ticketId, files: [textFile()] });
      lines.length = 0;
      await whileHeld("users", async () => {
        const answer = await server.gql("{ viewer { isAdmin } }", {}, people.agent.token);
        expect(answer.status).toBe(503);
        expect(answer.errors?.[0]?.extensions).toMatchObject(TIMED_OUT);
      });
      await whileHeld("attachments", async () => {
        const url = attachment!.url.split("?", 1)[0]!;
        const response = await fetch(url, { headers: bearer(people.requester.token) });
        expect(response.status).toBe(503);
        expect(response.headers.get("retry-after")).toBe("5");
        expect(await response.json()).toMatchObject({ error: TIMED_OUT });
      });
      expect(warnings()).toEqual([TOLD, TOLD]);
    });

    it("makes those come again who begin to follow, by websocket or stream", async () => {
      const { server, people } = world;
      const { id } = await world.openTicket(people.requester, { companyId });
      lines.length = 0;
      await whileHeld("tickets", async () => {
        expect(await closingOf(`subscription { ticketEvents(ticketId: "${id}") { cursor } }`)).toBe(1013);
        const streamed = fetch(`${server.url}/events?topic=ticket:${id}`, {
          headers: bearer(people.agent.token),
        });
        expect(isCutOff(await streamed.catch((error: unknown) => error))).toBe(true);
      });
      expect(warnings()).toEqual([TOLD, TOLD]);
    });
  });

  describe("what is no read", () => {
    it("waits for its turn as before: a mutation for somebody else's lock", async () => {
      const { server, people } = world;
      const { id } = await world.openTicket(people.requester, { companyId });
      const { sql } = server.database;
      const held = holdTicket(id);
      const changed = server.gql(
        UpdateTicketDocument,
        { input: { id, subject: "Later" } },
        people.agent.token,
      );
      const waitsLong = async () => {
        const [row] = await sql`select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
        and query_start < clock_timestamp() - make_interval(secs => ${(1.5 * READ_MS) / 1_000})`;
        return row?.count === 1;
      };
      try {
        while (!(await waitsLong())) await new Promise((resolve) => setTimeout(resolve, 10));
      } finally {
        await held.release();
      }
      expect(codeIn(await changed)).toBe("ok");
    });

    it("leaves others the connections: forty mutations that wait for one lock", async () => {
      const { server, people } = world;
      const { id } = await world.openTicket(people.requester, { companyId });
      const { sql } = server.database;
      const held = holdTicket(id);
      const changes = Array.from({ length: 40 }, (_, n) =>
        server.gql(UpdateTicketDocument, { input: { id, subject: `Later ${n}` } }, people.agent.token),
      );
      const waiting = async () => {
        const [row] = await sql`select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
        return Number(row?.count);
      };
      try {
        while ((await waiting()) < 4) await new Promise((resolve) => setTimeout(resolve, 10));
        for (let count = 0; count < 20; count++) {
          const other = await server.gql("{ viewer { user { id } } }", {}, people.stranger.token);
          expect(codeIn(other)).toBe("ok");
          expect(await waiting()).toBe(4);
        }
      } finally {
        await held.release();
      }
      expect(new Set((await Promise.all(changes)).map(codeIn))).toEqual(new Set(["ok"]));
    });

    it.each([
      ["attachments", "purgeDeleted"],
      ["media_posts", "purgeDeleted"],
      ["media_files", "purgeExpired"],
      ["events", "pruneEvents"],
    ] as const)("has its time in a job as before, whether it waits for %s", async (table, task) => {
      const { upkeep } = world.server.services;
      const done = await whileHeld(table, async (held) => {
        const running = upkeep[task]().then(
          () => "done",
          (error: unknown) => error,
        );
        await held.keptWaiting(1.5 * READ_MS);
        return { running };
      });
      expect(await done.running).toBe("done");
    });
  });
});
