import { pipeline } from "node:stream/promises";
import type { Connection } from "../connection.js";
import { schemaUpTo } from "../migrate.js";
import { openConnection } from "../open-connection.js";
import type { SequenceState, Table } from "./catalog.js";
import {
  listForeignKeys,
  listIndexes,
  listOccupants,
  listTables,
  literal,
  quoted,
  SAME_TEXT,
} from "./catalog.js";

/** What `readSnapshot` has read. */
export interface SnapshotToWrite {
  /** When the last migration was made that the database had. */
  readonly lastMigration: number;
  readonly tables: readonly TableToWrite[];
  readonly sequences: readonly SequenceState[];
  /** Statements that make the rows fit their new surroundings. */
  readonly statements: readonly string[];
}

export interface TableToWrite extends Table {
  readonly rows: number;
  read(): AsyncIterable<Buffer>;
}

/** The database has something in it already. */
export class DatabaseNotEmpty extends Error {
  /** @param names the first few tables */
  constructor(readonly names: readonly string[]) {
    super(`the database has tables already: ${names.join(", ")}`);
  }
}

/**
 * Writes a snapshot into an empty database: with the schema that it was read from, and in one transaction, so that the
 * database is empty or complete at any moment. Foreign keys are added last, which shows that each row has those that it
 * refers to.
 *
 * @throws DatabaseNotEmpty; what reading throws; the error from Postgres
 */
export async function writeSnapshot(
  url: string,
  snapshot: SnapshotToWrite,
  signal?: AbortSignal,
): Promise<void> {
  const connection = await openConnection({ url });
  const run = (text: string) => connection.run({ text, parameters: [] });
  try {
    await run(`begin; ${SAME_TEXT}`);
    await createSchema(connection, snapshot);
    const keys = await listForeignKeys(connection);
    for (const { table, name } of keys) await run(`alter table ${table} drop constraint ${name}`);
    // An index is made much faster of all rows than row by row.
    const indexes = await listIndexes(connection);
    for (const { name } of indexes) await run(`drop index ${name}`);
    for (const table of snapshot.tables) {
      signal?.throwIfAborted();
      await writeTable(connection, table);
    }
    for (const { schema, name, value, isCalled } of snapshot.sequences)
      await run(`select setval(${literal(quoted(schema, name))}, ${BigInt(value)}, ${isCalled})`);
    for (const statement of snapshot.statements) await run(statement);
    for (const { definition } of indexes) {
      signal?.throwIfAborted();
      await run(definition);
    }
    for (const { table, name, definition } of keys)
      await run(`alter table ${table} add constraint ${name} ${definition}`);
    signal?.throwIfAborted();
    await run("commit");
  } finally {
    // Without a commit, the end of the session undoes everything.
    connection.destroy();
  }
}

async function createSchema(
  connection: Connection,
  { lastMigration, tables }: SnapshotToWrite,
): Promise<void> {
  const { lock, statements } = await schemaUpTo(lastMigration);
  await connection.run({ text: lock, parameters: [] });
  const occupants = await listOccupants(connection);
  if (occupants.length > 0) throw new DatabaseNotEmpty(occupants);
  for (const text of statements) await connection.run({ text, parameters: [] });
  const created = await listTables(connection);
  const nameOf = ({ schema, name }: Table) => quoted(schema, name);
  const known = new Set(created.map(nameOf));
  const unknown = tables.map(nameOf).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new Error(
      `The backup has tables that no migration of Filedesk creates (${unknown.join(", ")}), so it cannot be restored. Nothing has been changed.`,
    );
  // What migrations have inserted is in the backup, as it is now.
  await connection.run({ text: `truncate ${created.map(nameOf).join(", ")}`, parameters: [] });
}

async function writeTable(connection: Connection, table: TableToWrite): Promise<void> {
  const name = quoted(table.schema, table.name);
  const columns = table.columns.map((column) => quoted(column)).join(", ");
  const run = (text: string) => connection.run({ text, parameters: [] });
  await run(`alter table ${name} disable trigger user`);
  await pipeline(table.read(), await connection.copyIn(`copy ${name} (${columns}) from stdin`));
  await run(`alter table ${name} enable trigger user`);
  const [counted] = await run(`select count(*)::int8 as rows from ${name}`);
  if (Number(counted?.rows) !== table.rows)
    throw new Error(
      `${counted?.rows} rows of ${table.schema}.${table.name} were written, and the backup has ${table.rows}. Nothing has been changed.`,
    );
}
