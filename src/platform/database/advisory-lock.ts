import { openConnection } from "./open-connection.js";

/** Numbers of the locks; they are arbitrary, but must differ. */
export const AdvisoryLock = { DEMO: 7_305_101_413, REMOVALS: 7_305_101_414 } as const;

/**
 * Runs the work while no other process runs work under the same lock; others wait. The lock has a connection of its
 * own, so it needs none of a pool and is released if this process ends.
 *
 * @param url leads past a pooler, because the lock belongs to the session
 *
 * @throws what the work throws, or a connection error
 */
export async function underLock<Result>(
  url: string,
  lock: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection({ url });
  try {
    await connection.run({ text: `select pg_advisory_lock(${lock})`, parameters: [] });
    return await work();
  } finally {
    await connection.close();
  }
}
