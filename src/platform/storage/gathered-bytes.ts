import { KIB } from "../../kernel/bytes.js";

const BUFFER_BYTES = 256 * KIB;

/**
 * Holds bytes in few buffers, however small the chunks are in which they come: a hostile client sends millions of one
 * byte. The buffers are used again after `clear`.
 */
export class GatheredBytes {
  readonly #buffers: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    for (let done = 0; done < chunk.length; ) {
      const at = this.#length % BUFFER_BYTES;
      const copied = chunk.copy(this.#bufferAt(this.#length), at, done);
      done += copied;
      this.#length += copied;
    }
  }

  /** What is held, in order; valid until the next `clear`. */
  *chunks(): Generator<Buffer> {
    for (let at = 0; at < this.#length; at += BUFFER_BYTES)
      yield this.#bufferAt(at).subarray(0, this.#length - at);
  }

  clear(): void {
    this.#length = 0;
  }

  #bufferAt(position: number): Buffer {
    const index = Math.floor(position / BUFFER_BYTES);
    this.#buffers[index] ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    return this.#buffers[index];
  }
}
