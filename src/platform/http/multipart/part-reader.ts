import { Readable } from "node:stream";

/**
 * A part's bytes for one reader. Who gives it up before its end leaves the source where it is: paused, and good for
 * whoever reads the rest.
 */
export class PartReader extends Readable {
  readonly #source: Readable;
  readonly #givenUp: () => void;

  /** @param givenUp called when the reader is destroyed before the end of the source */
  constructor(source: Readable, givenUp: () => void) {
    super({ highWaterMark: source.readableHighWaterMark });
    this.#source = source;
    this.#givenUp = givenUp;
    // A reader that fails before somebody listens is no fault of the process.
    this.on("error", () => {});
    source.on("data", this.#take).once("end", this.#end).once("error", this.#fail).pause();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const source = this.#source;
    source.off("data", this.#take).off("end", this.#end).off("error", this.#fail);
    if (!source.readableEnded && !source.destroyed) {
      source.pause();
      this.#givenUp();
    }
    done(error);
  }

  readonly #take = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#source.pause();
  };

  readonly #end = (): void => void this.push(null);

  readonly #fail = (error: Error): void => void this.destroy(error);
}
