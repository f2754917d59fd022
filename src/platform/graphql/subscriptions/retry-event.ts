import { setTimeout as pass } from "node:timers/promises";
import type { ExecutionResult } from "graphql";
import { GraphQLError } from "graphql";
import { databaseIsAway } from "../../database/faults.js";
import type { Delivery } from "../../events/feed/channel.js";

/** How long each try waits, in milliseconds: a restart of the database takes a second or two. */
const AGAIN_MS = [50, 100, 200, 400, 800, 1_600, 3_200];

/** What takes the place of what was shared: it holds on to answers that failed. The same object for all who shared it. */
const replacements = new WeakMap<object, object>();

function replacementOf(shared: object): object {
  const found = replacements.get(shared) ?? {};
  replacements.set(shared, found);
  return found;
}

/** Whether a result lacks something only because the database went away while it was made. */
export const isInterrupted = ({ errors }: ExecutionResult): boolean => errors?.some(wasInterrupted) ?? false;

export const wasInterrupted = (error: unknown): boolean => interruptionIn(error) !== undefined;

/** What the database went away with, below what GraphQL wraps it in. */
export function interruptionIn(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors.map(interruptionIn).find(Boolean);
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return databaseIsAway(cause) ? cause : undefined;
}

/**
 * Makes an event again that the database went away from.
 *
 * @returns null when that does not succeed in time: the subscriber then has to resume behind the last event that it has
 */
export async function retryEvent<Viewer>(
  delivery: Delivery<Viewer>,
  make: (delivery: Delivery<Viewer>) => ExecutionResult | Promise<ExecutionResult>,
  signal: AbortSignal,
): Promise<ExecutionResult | null> {
  let { shared } = delivery;
  for (const delay of AGAIN_MS) {
    await pass(delay, null, { ref: false });
    if (signal.aborted) return null;
    shared = replacementOf(shared);
    const made = await make({ ...delivery, shared });
    if (!isInterrupted(made)) return made;
  }
  return null;
}
