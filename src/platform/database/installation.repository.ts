import { sql } from "drizzle-orm";
import type { Database } from "./client.js";
import { installations } from "./installation.tables.js";

/** Identifies the installation that a database or a storage belongs to, and its state. */
export interface Installation {
  readonly id: string;
  readonly epoch: number;
}

const columns = { id: installations.id, epoch: installations.epoch };

/** Null in a database that is new, or older than installation ids. */
export async function findInstallation(db: Database): Promise<Installation | null> {
  const [row] = await db.select(columns).from(installations);
  return row ?? null;
}

/** Gives the database an id, unless it has one: concurrent first starts agree on one. */
export async function insertInstallation(db: Database, installation: Installation): Promise<Installation> {
  await db.insert(installations).values(installation).onConflictDoNothing();
  return (await findInstallation(db)) ?? installation;
}

/** Increases the epoch, to a value that is also greater than `than`. */
export async function raiseEpoch(db: Database, than = 0): Promise<Installation> {
  const [row] = await db
    .update(installations)
    .set({ epoch: sql`greatest(${installations.epoch}, ${than}) + 1`, updatedAt: sql`now()` })
    .returning(columns);
  if (!row) throw new Error("this database has no installation id: start the server once");
  return row;
}
