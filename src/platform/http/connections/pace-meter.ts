import { SECOND_MS } from "../../../kernel/clock.js";

export interface PaceMeterOptions {
  readonly bytesPerSecond: number;
  readonly windowMs: number;
}

/** Judges somebody's pace by a counter of bytes that is looked at from time to time: over whole windows, one after the other. */
export class PaceMeter {
  readonly #leastBytes: number;
  readonly #windowMs: number;
  #beganAt: number | null = null;
  #bytesThen = 0;

  constructor({ bytesPerSecond, windowMs }: PaceMeterOptions) {
    this.#leastBytes = (bytesPerSecond * windowMs) / SECOND_MS;
    this.#windowMs = windowMs;
  }

  /**
   * @param bytes how many have moved by now, or null while none are owed: the next window begins when some are
   * @param now in milliseconds
   */
  isTooSlow(bytes: number | null, now: number): boolean {
    if (bytes === null) {
      this.#beganAt = null;
      return false;
    }
    const isOver = this.#beganAt !== null && now - this.#beganAt >= this.#windowMs;
    const isTooSlow = isOver && bytes - this.#bytesThen < this.#leastBytes;
    if (this.#beganAt === null || isOver) {
      this.#beganAt = now;
      this.#bytesThen = bytes;
    }
    return isTooSlow;
  }
}
