import { rateLimited } from "../../../kernel/errors.js";

/**
 * How many different subscriptions one viewer may have on a server: each is executed separately for every event. An app
 * has a handful, in any number of windows.
 */
export const MAX_OPERATIONS_PER_VIEWER = 50;

const RETRY_AFTER_SECONDS = 10;

/** Counts the different subscriptions of each viewer. */
export class DistinctOperations {
  readonly #limit: number;
  readonly #byViewer = new Map<string, Map<object, number>>();

  constructor(limit = MAX_OPERATIONS_PER_VIEWER) {
    this.#limit = limit;
  }

  /**
   * @param results the same object for all subscriptions that share their results
   * @returns a function that ends the count of this subscription; idempotent
   * @throws RATE_LIMITED if the viewer has too many
   */
  take(viewerKey: string, results: object): () => void {
    const operations = this.#byViewer.get(viewerKey) ?? new Map<object, number>();
    const sharing = operations.get(results) ?? 0;
    if (sharing === 0 && operations.size >= this.#limit) throw tooManyOperations(this.#limit);
    operations.set(results, sharing + 1);
    this.#byViewer.set(viewerKey, operations);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (operations.get(results) ?? 1) - 1;
      if (left > 0) operations.set(results, left);
      else operations.delete(results);
      if (operations.size === 0 && this.#byViewer.get(viewerKey) === operations)
        this.#byViewer.delete(viewerKey);
    };
  }
}

const tooManyOperations = (limit: number) =>
  rateLimited(
    `You have ${limit} different subscriptions, which is the limit for one person: end one first, or send the same text with the same variables, which counts once.`,
    { policy: "different-subscriptions", limit, retryAfter: RETRY_AFTER_SECONDS },
  );
