import { setTimeout as pass } from "node:timers/promises";
import type { ExecutionResult } from "graphql";
import { GraphQLError } from "graphql";
import { databaseIsAway } from "../../database/faults.js";
import type { Delivery } from "../../events/feed/channel.js";

/** Delays before the retries, in milliseconds. A restart of the database takes a second or two. */
const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1_600, 3_200];

/**
 * New `shared` objects by the old ones, whose loaders may have cached failed reads. Subscribers that shared an object
 * share its replacement.
 */
const replacements = new WeakMap<object, object>();

function replacementOf(shared: object): object {
  const found = replacements.get(shared) ?? {};
  replacements.set(shared, found);
  return found;
}

/** Whether a result has errors because the database became unavailable while it was made. */
export const isInterrupted = ({ errors }: ExecutionResult): boolean => errors?.some(wasInterrupted) ?? false;

export const wasInterrupted = (error: unknown): boolean => interruptionIn(error) !== undefined;

/** The database error behind the wrappers of GraphQL; undefined for other errors. */
export function interruptionIn(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors.map(interruptionIn).find(Boolean);
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return databaseIsAway(cause) ? cause : undefined;
}

/**
 * Repeats the execution of an event that failed because the database was unavailable.
 *
 * @returns null if all retries fail: the client then has to resume after the last event that it has
 */
export async function retryEvent<Viewer>(
  delivery: Delivery<Viewer>,
  make: (delivery: Delivery<Viewer>) => ExecutionResult | Promise<ExecutionResult>,
  signal: AbortSignal,
): Promise<ExecutionResult | null> {
  let { shared } = delivery;
  for (const delay of RETRY_DELAYS_MS) {
    await pass(delay, null, { ref: false });
    if (signal.aborted) return null;
    shared = replacementOf(shared);
    const made = await make({ ...delivery, shared });
    if (!isInterrupted(made)) return made;
  }
  return null;
}
