import { Readable } from "node:stream";

/**
 * The bytes of a part for one reader. If it is destroyed before its end, the source is paused at its position, so that
 * the rest can be read by another reader.
 */
export class PartReader extends Readable {
  readonly #source: Readable;
  readonly #onAbandon: () => void;

  /** @param onAbandon called when the reader is destroyed before the end of the source */
  constructor(source: Readable, onAbandon: () => void) {
    super({ highWaterMark: source.readableHighWaterMark });
    this.#source = source;
    this.#onAbandon = onAbandon;
    // An error before anybody listens must not end the process.
    this.on("error", () => {});
    source.on("data", this.#onData).once("end", this.#onEnd).once("error", this.#onError).pause();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const source = this.#source;
    source.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError);
    if (!source.readableEnded && !source.destroyed) {
      source.pause();
      this.#onAbandon();
    }
    done(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#source.pause();
  };

  readonly #onEnd = (): void => void this.push(null);

  readonly #onError = (error: Error): void => void this.destroy(error);
}
