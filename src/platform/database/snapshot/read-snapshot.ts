import type { Readable } from "node:stream";
import type { Connection } from "../connection.js";
import { openConnection } from "../open-connection.js";
import type { SequenceState, Table } from "./catalog.js";
import { listSequences, listTables, quoted, SAME_TEXT } from "./catalog.js";

/** The database at one moment. */
export interface Snapshot {
  readonly takenAt: Date;
  readonly serverVersion: string;
  readonly tables: readonly Table[];
  /** At that moment or later: no value is given out twice. */
  sequences(): Promise<readonly SequenceState[]>;
  /** The rows of a table, in the text format of COPY: a line for each. Read one stream to its end before the next. */
  read(table: Table): Promise<Readable>;
  /** The rows of a query, likewise. @param query a text without parameters */
  query(query: string): Promise<Readable>;
}

/**
 * Runs the work on a snapshot: in one transaction, which sees the database at one moment. It holds up no reader and no
 * writer, but migrations, and Postgres keeps the rows of that moment until the work is done.
 *
 * @throws what the work throws, or a connection error
 */
export async function readSnapshot<Result>(
  url: string,
  signal: AbortSignal,
  work: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection({ url });
  const stop = () => connection.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    return await work(await begin(connection));
  } finally {
    signal.removeEventListener("abort", stop);
    // Nothing was written. A stream that was not read to its end would delay the end of the session.
    connection.destroy();
  }
}

async function begin(connection: Connection): Promise<Snapshot> {
  const run = (text: string) => connection.run({ text, parameters: [] });
  const before = await listTables(connection);
  await run(`begin isolation level repeatable read read only; ${SAME_TEXT}`);
  // Locks come before the first query, which is when the transaction takes its snapshot: what a migration has changed
  // before a lock is seen, and afterwards none changes anything.
  const names = before.map(({ schema, name }) => quoted(schema, name)).join(", ");
  if (names !== "") await run(`lock table ${names} in access share mode`);
  const [now] = await run(
    "select extract(epoch from now()) * 1000 as at, current_setting('server_version') as version",
  );
  const tables = await listTables(connection);
  if (JSON.stringify(tables) !== JSON.stringify(before))
    throw new Error("A migration ran at the same moment. Run this again.");
  return {
    takenAt: new Date(Number(now?.at)),
    serverVersion: String(now?.version),
    tables,
    sequences: () => listSequences(connection),
    read: ({ schema, name, columns }) =>
      connection.copyOut(
        `copy ${quoted(schema, name)} (${columns.map((column) => quoted(column))}) to stdout`,
      ),
    query: (query) => connection.copyOut(`copy (${query}) to stdout`),
  };
}
