import { Connection } from "./connection.js";

/** One number for each thing that instances do one after the other; any will do, as long as they differ. */
export const AdvisoryLock = { DEMO: 7_305_101_413 } as const;

/**
 * Does the work while no other process does work under the same lock; they wait. The lock has a connection of its own,
 * so that it needs none of a pool's, and goes with this process.
 *
 * @throws what the work throws, and what keeps the database from being reached
 */
export async function underLock<Result>(
  url: string,
  lock: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const connection = new Connection({ url });
  await connection.open();
  try {
    await connection.run({ text: `select pg_advisory_lock(${lock})`, parameters: [] });
    return await work();
  } finally {
    await connection.close();
  }
}
