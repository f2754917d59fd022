import { sql } from "drizzle-orm";
import type { Database } from "./client.js";
import { installations } from "./installation.tables.js";

/** Which installation a database or a storage is, and how far it has come. */
export interface Installation {
  readonly id: string;
  readonly epoch: number;
}

const columns = { id: installations.id, epoch: installations.epoch };

/** Null in a database that is new, or from before there were ids. */
export async function findInstallation(db: Database): Promise<Installation | null> {
  const [row] = await db.select(columns).from(installations);
  return row ?? null;
}

/** Gives the database its id, unless it has one: two first starts at once agree on one. */
export async function insertInstallation(db: Database, installation: Installation): Promise<Installation> {
  await db.insert(installations).values(installation).onConflictDoNothing();
  return (await findInstallation(db)) ?? installation;
}

/** The next epoch, which is greater than `than` as well. */
export async function raiseEpoch(db: Database, than = 0): Promise<Installation> {
  const [row] = await db
    .update(installations)
    .set({ epoch: sql`greatest(${installations.epoch}, ${than}) + 1`, updatedAt: sql`now()` })
    .returning(columns);
  if (!row) throw new Error("this database has no installation id: start the server once");
  return row;
}
