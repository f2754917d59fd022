import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { Database, DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { createTestDatabase } from "../../support/database.js";
import { until } from "../../support/feed-world.js";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let admin: DatabaseClient;
let client: DatabaseClient;
let close: () => Promise<void>;
const sockets = new Set<Socket>();

const writeAndThen = (next: (tx: Database) => Promise<unknown>) =>
  client.db.transaction(async (tx) => {
    await tx.execute(sql`insert into written values (1)`);
    await next(tx);
  });

/** Uses each connection of the pool, those that were lost as well; one that is just being ended may fail once more. */
const poolIsWhole = () =>
  Promise.all(
    Array.from({ length: 8 }, () => client.db.transaction((tx) => tx.execute(sql`select pg_sleep(0.02)`))),
  ).then(
    () => true,
    () => false,
  );

const active = sql`
  select from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()`;

/** As when Postgres stops, or its proxy does. */
const breakOff = () => {
  for (const socket of sockets) socket.end();
};

describe("a connection that is closed in the middle of a transaction", () => {
  /** Stands between the client and Postgres, to break off what goes through it. */
  beforeAll(async () => {
    database = await createTestDatabase();
    const postgres = new URL(database.url);
    const between = createServer((socket) => {
      const onward = connect(Number(postgres.port), postgres.hostname);
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        onward.destroy();
      });
      for (const one of [socket, onward]) one.on("error", () => {});
      onward.on("close", () => socket.end());
      socket.pipe(onward).pipe(socket, { end: false });
    });
    await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
    const address = between.address();
    const url = new URL(database.url);
    url.hostname = "127.0.0.1";
    url.port = String(typeof address === "object" ? address?.port : "");
    admin = connectDatabase(database.url, { connections: 1 });
    client = connectDatabase(url.href, { connections: 4 });
    await admin.db.execute(sql`create table written (id int)`);
    close = async () => {
      await client.close();
      await admin.close();
      between.close();
      await database.drop();
    };
  });
  afterAll(() => close());

  it("fails what is under way, and the next transactions succeed", async () => {
    const outcomes = Promise.allSettled(
      [1, 2, 3].map(() => writeAndThen((tx) => tx.execute(sql`select pg_sleep(60)`))),
    );
    await until(async () => (await admin.db.execute(active)).length === 3);
    breakOff();
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await until(poolIsWhole);
  });

  it("refuses what comes next, and the next transactions succeed", async () => {
    let said: unknown;
    const outcome = writeAndThen(async (tx) => {
      const before = sockets.size;
      breakOff();
      await until(() => sockets.size < before);
      await turn();
      said = await Promise.resolve(tx.execute(sql`insert into written values (2)`)).then(
        () => "written",
        () => "refused",
      );
    });
    await expect(outcome).rejects.toThrow();
    await until(() => said !== undefined);
    expect(said).toBe("refused");
    await until(poolIsWhole);
    const [written] = await admin.db.execute(sql`select count(*)::int as rows from written`);
    expect(written).toEqual({ rows: 0 });
  });
});
