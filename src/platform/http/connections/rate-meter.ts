import { SECOND_MS } from "../../../kernel/clock.js";

export interface RateMeterOptions {
  readonly bytesPerSecond: number;
  readonly windowMs: number;
}

/** Measures the rate of a byte counter over consecutive windows. */
export class RateMeter {
  readonly #minBytes: number;
  readonly #windowMs: number;
  #windowStart: number | null = null;
  #bytesAtStart = 0;

  constructor({ bytesPerSecond, windowMs }: RateMeterOptions) {
    this.#minBytes = (bytesPerSecond * windowMs) / SECOND_MS;
    this.#windowMs = windowMs;
  }

  /**
   * @param bytes the counter's value; null while no bytes are expected, which ends the current window
   * @param now in milliseconds
   */
  isTooSlow(bytes: number | null, now: number): boolean {
    if (bytes === null) {
      this.#windowStart = null;
      return false;
    }
    const isOver = this.#windowStart !== null && now - this.#windowStart >= this.#windowMs;
    const isTooSlow = isOver && bytes - this.#bytesAtStart < this.#minBytes;
    if (this.#windowStart === null || isOver) {
      this.#windowStart = now;
      this.#bytesAtStart = bytes;
    }
    return isTooSlow;
  }
}
