import { KIB } from "../../kernel/bytes.js";

const FIRST_BYTES = 256 * KIB;

/**
 * Holds bytes in one buffer, however small the chunks are in which they come: a hostile client sends millions of one
 * byte. The buffer grows with them and is used again after `clear`, because large buffers that are thrown away stay in
 * memory until the next full garbage collection.
 */
export class GatheredBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) this.#grow(length);
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** What is held; valid until the next `add` or `clear`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  #grow(least: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 ** Math.ceil(Math.log2(least))));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
