/** How long deliveries go on, in milliseconds, before whatever else waits for the event loop is let in. */
const TURN_MS = 5;

/**
 * Lets what is delivered of an event give way. All who follow a topic are woken at once, in microtasks: without turns,
 * thousands of executions would run before the event loop could see to anything else. Who has to wait is served first
 * come, first served.
 */
export class DeliveryTurns {
  readonly #waiting: (() => void)[] = [];
  #isUnderWay = false;
  #isServing = false;
  #endsAt = 0;

  /**
   * Asks to go on with a delivery.
   *
   * @param isCheap whether its result is there already, and has only to be sent
   * @returns what resolves when it may go on; null when that is now. Expensive ones run one by one, with all that
   *   follows from them in microtasks, and the clock is looked at between them
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

  /** The event loop has been round. */
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
    // A tick that is asked for in a microtask comes when all microtasks are done, those of a delivery among them.
    queueMicrotask(() => process.nextTick(this.#serve));
  }

  #serve = (): void => {
    this.#isServing = false;
    if (this.#waiting.length === 0 || performance.now() >= this.#endsAt) return;
    this.#waiting.shift()?.();
    this.#serveSoon();
  };
}
