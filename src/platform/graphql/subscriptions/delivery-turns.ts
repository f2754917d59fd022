/** How long deliveries run, in milliseconds, before the event loop gets to other work. */
const TURN_MS = 5;

/**
 * Makes deliveries yield to the event loop. All subscribers of a topic are notified at once, in microtasks: without
 * turns, thousands of executions would run before the event loop could do anything else. Waiting deliveries continue in
 * the order in which they asked.
 */
export class DeliveryTurns {
  readonly #waiting: (() => void)[] = [];
  #isUnderWay = false;
  #isServing = false;
  #endsAt = 0;

  /**
   * Asks to continue with a delivery.
   *
   * @param isCheap whether its result exists already and has only to be sent
   * @returns a promise that resolves when it may continue; null if it may continue now. Expensive deliveries run one by
   *   one, each with its microtasks, and the clock is read between them
   */
  take(isCheap: boolean): Promise<void> | null {
    if (!this.#isUnderWay) {
      this.#isUnderWay = true;
      this.#begin();
      return null;
    }
    if (isCheap && performance.now() < this.#endsAt) return null;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#serveSoon();
    });
  }

  #begin(): void {
    this.#endsAt = performance.now() + TURN_MS;
    setImmediate(this.#next);
  }

  /** Runs after one iteration of the event loop. */
  #next = (): void => {
    if (this.#waiting.length === 0) {
      this.#isUnderWay = false;
      return;
    }
    this.#begin();
    this.#serveSoon();
  };

  #serveSoon(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    // A tick that is requested in a microtask runs after all microtasks, including those of a delivery.
    queueMicrotask(() => process.nextTick(this.#serve));
  }

  #serve = (): void => {
    this.#isServing = false;
    if (this.#waiting.length === 0 || performance.now() >= this.#endsAt) return;
    this.#waiting.shift()?.();
    this.#serveSoon();
  };
}
