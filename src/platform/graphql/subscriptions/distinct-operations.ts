import { rateLimited } from "../../../kernel/errors.js";

/**
 * How many different subscriptions one viewer may have under way on a server: each is executed by itself for every event.
 * An app has a handful, in however many windows.
 */
export const MAX_TEXTS_PER_VIEWER = 50;

const RETRY_AFTER_SECONDS = 10;

/** Counts what differs among the subscriptions of each viewer. */
export class DistinctOperations {
  readonly #limit: number;
  readonly #byViewer = new Map<string, Map<object, number>>();

  constructor(limit = MAX_TEXTS_PER_VIEWER) {
    this.#limit = limit;
  }

  /**
   * @param results the same object for all subscriptions that share what is executed for them
   * @returns what ends the count of this subscription, once
   * @throws RATE_LIMITED when it is one more than a viewer may have
   */
  take(viewerKey: string, results: object): () => void {
    const texts = this.#byViewer.get(viewerKey) ?? new Map<object, number>();
    const sharing = texts.get(results) ?? 0;
    if (sharing === 0 && texts.size >= this.#limit) throw tooMany(this.#limit);
    texts.set(results, sharing + 1);
    this.#byViewer.set(viewerKey, texts);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (texts.get(results) ?? 1) - 1;
      if (left > 0) texts.set(results, left);
      else texts.delete(results);
      if (texts.size === 0 && this.#byViewer.get(viewerKey) === texts) this.#byViewer.delete(viewerKey);
    };
  }
}

const tooMany = (limit: number) =>
  rateLimited(
    `You follow ${limit} different subscriptions, which is as many as one person may: end one first, or send the same text with the same variables, of which there may be any number.`,
    RETRY_AFTER_SECONDS,
  );
