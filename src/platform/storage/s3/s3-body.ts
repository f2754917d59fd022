import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { KIB } from "../../../kernel/bytes.js";
import type { StorageFault } from "../storage.js";
import { isTransient, Stalled, WrongBytes } from "./s3-faults.js";
import { backOff } from "./with-retries.js";

export interface S3Body {
  readonly source: Readable;
  /** How many bytes it is to have. */
  readonly length: number;
  /** The hash that its bytes must have, if it is known. */
  readonly md5: string | null;
  readonly stallMs: number;
  readonly attempts: number;
  /** Opens it again, without its first bytes. */
  reopen(offset: number): Promise<Readable>;
  /** Turns a failure into the error that a reader gets. */
  fault(error: unknown): StorageFault;
}

const READ_AHEAD_BYTES = 256 * KIB;

/**
 * A body as its reader wants it: complete, or with an error. If the connection breaks off or stalls, the rest is asked
 * for again. Time that the reader takes does not count. The last chunk is held back until the bytes before it are known
 * to be all of them, and the right ones.
 */
export class ResumingBody extends Readable {
  private source: Readable;
  private chunks: AsyncIterator<Buffer>;
  private hash: Hash | null;
  private received = 0;
  private held: Buffer | null = null;
  private isHandedOn = false;
  private isComplete = false;
  private failures = 0;

  constructor(private readonly body: S3Body) {
    super({ highWaterMark: READ_AHEAD_BYTES });
    this.source = body.source;
    this.chunks = chunksOf(body.source);
    this.hash = this.newHash();
  }

  override _read(): void {
    this.pull().catch((error: Error) => this.destroy(error));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    discard(this.source);
    done(error);
  }

  private async pull(): Promise<void> {
    while (!this.destroyed) {
      if (this.isComplete) return void this.push(null);
      try {
        const chunk = await this.advance();
        if (chunk === undefined) continue;
        this.isHandedOn = true;
        this.failures = 0;
        return void this.push(chunk);
      } catch (error) {
        await this.openRest(error);
      }
    }
  }

  /** @returns the chunk to hand on, null for the end, undefined if there is nothing to hand on yet */
  private async advance(): Promise<Buffer | null | undefined> {
    const chunk = await this.nextChunk();
    const last = this.held;
    if (chunk === null) {
      this.assertComplete();
      this.isComplete = true;
      return last;
    }
    this.received += chunk.length;
    this.hash?.update(chunk);
    this.held = chunk;
    return last ?? undefined;
  }

  private async nextChunk(): Promise<Buffer | null> {
    const { source } = this;
    const { stallMs } = this.body;
    const timer = setTimeout(() => source.destroy(new Stalled(`no byte within ${stallMs} ms`)), stallMs);
    try {
      const { value, done } = await this.chunks.next();
      return done ? null : value;
    } finally {
      clearTimeout(timer);
    }
  }

  private assertComplete(): void {
    const { length, md5 } = this.body;
    if (this.received !== length)
      throw Object.assign(new Error(`${this.received} of ${length} bytes came`), { code: "ECONNRESET" });
    if (this.hash !== null && this.hash.digest("hex") !== md5) throw new WrongBytes(`the MD5 is not ${md5}`);
  }

  private async openRest(error: unknown): Promise<void> {
    if (this.destroyed) return;
    this.failures += 1;
    const mayPass = isTransient(error) || (error instanceof WrongBytes && !this.isHandedOn);
    if (this.failures >= this.body.attempts || !mayPass) throw this.body.fault(error);
    discard(this.source);
    await backOff(this.failures);
    if (this.destroyed) return;
    if (error instanceof WrongBytes) this.startAnew();
    this.source = await this.body.reopen(this.received);
    if (this.destroyed) return discard(this.source);
    this.chunks = chunksOf(this.source);
  }

  private startAnew(): void {
    this.received = 0;
    this.held = null;
    this.hash = this.newHash();
  }

  private newHash(): Hash | null {
    return this.body.md5 === null ? null : createHash("md5");
  }
}

const chunksOf = (source: Readable): AsyncIterator<Buffer> => source[Symbol.asyncIterator]();

function discard(source: Readable): void {
  source.on("error", () => {}).destroy();
}
