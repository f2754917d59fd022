import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { KIB } from "../../../kernel/bytes.js";
import { badUserInput } from "../../../kernel/errors.js";
import type { TempFile } from "../../storage/temp-file.js";
import type { TempFolder } from "../../storage/temp-folder.js";
import type { AnnouncedFile, IncomingFile } from "./incoming-files.js";
import type { MappedPart, PartInfo, Waiter } from "./mapped-part.js";
import { alreadyUsed, fileOf, mappedPart, missing, startPart } from "./mapped-part.js";
import { PartReader } from "./part-reader.js";

/** How many parts may be missing from `map`: many empty parts would cause much work with few bytes. */
const MAX_IGNORED_PARTS = 100;
const TEMP_READ_BYTES = 256 * KIB;

/** A part that is being received; `mapped` is null if `map` does not name it. */
interface ArrivingPart {
  readonly mapped: MappedPart | null;
  readonly stream: Readable;
  isFlowing: boolean;
}

/**
 * The files of a multipart request, each of which is handed out when it is requested. Parts arrive one after the other,
 * so parts before a requested one are moved out of the way: into a temp file if they may still be requested, otherwise
 * they are discarded. A part with several paths always goes into a temp file and is read from there. While no file is
 * awaited, no more of the body is read.
 */
export class FileParts {
  readonly #tempFolder: Pick<TempFolder, "open">;
  /** Called when a temp file cannot be written; ends the reception. */
  readonly #fault: (error: Error) => void;
  readonly #parts = new Map<string, MappedPart>();
  #ignored = 0;
  readonly #arriving = new Set<ArrivingPart>();
  /** The number of pending requests for files. */
  #waiting = 0;
  #failure: Error | null = null;
  #isComplete = false;
  /** Functions that resume the moving of parts, which pauses while no file is awaited. */
  readonly #paused = new Set<() => void>();
  readonly #moving = new Set<Promise<void>>();
  readonly #temps = new Set<TempFile>();
  readonly #readers = new Set<Readable>();

  constructor(tempFolder: Pick<TempFolder, "open">, fault: (error: Error) => void) {
    this.#tempFolder = tempFolder;
    this.#fault = fault;
  }

  /** Announces a file for one path of a part. */
  announce(name: string): AnnouncedFile {
    const part = this.#parts.get(name) ?? mappedPart(name);
    this.#parts.set(name, part);
    part.uses++;
    let isAsked = false;
    return {
      arrive: async (signal) => {
        if (isAsked) throw alreadyUsed(part);
        isAsked = true;
        return this.#arrive(part, signal);
      },
    };
  }

  /**
   * Called when a part begins. @throws BAD_USER_INPUT for a part that is sent twice or encoded, and for too many
   * unknown parts
   */
  begin(name: string, stream: Readable, info: PartInfo): void {
    const mapped = this.#parts.get(name) ?? null;
    const part: ArrivingPart = { mapped, stream, isFlowing: false };
    this.#arriving.add(part);
    stream.once("close", () => this.#arriving.delete(part));
    if (mapped === null && ++this.#ignored > MAX_IGNORED_PARTS)
      throw badUserInput(`This request has more than ${MAX_IGNORED_PARTS} parts that \`map\` does not name.`);
    if (mapped !== null) startPart(mapped, info);
    this.#advance();
  }

  /** Called when the body is complete: missing parts are rejected. */
  finish(): void {
    this.#isComplete = true;
    for (const part of this.#parts.values()) if (!part.hasStarted) this.#rejectAll(part, missing(part));
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const part of this.#parts.values()) this.#rejectAll(part, error);
    for (const { stream } of this.#arriving) stream.destroy(error);
    for (const reader of this.#readers) reader.destroy(error);
    this.#resumePaused();
  }

  /** Removes the temp files. Call it after `fail`. */
  async dispose(): Promise<void> {
    await Promise.allSettled(this.#moving);
    await Promise.all([...this.#temps].map((temp) => temp[Symbol.asyncDispose]()));
  }

  #arrive(part: MappedPart, signal: AbortSignal | undefined): Promise<IncomingFile> {
    signal?.throwIfAborted();
    if (this.#failure) throw this.#failure;
    if (part.temp) return Promise.resolve(this.#fromTemp(part, part.temp));
    if (this.#isComplete && !part.hasStarted) throw missing(part);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject };
      part.waiting.add(waiter);
      this.#waiting++;
      signal?.addEventListener("abort", () => this.#release(part, waiter, () => reject(signal.reason)), {
        once: true,
      });
      this.#advance();
    });
  }

  #release(part: MappedPart, waiter: Waiter, settle: () => void): void {
    if (!part.waiting.delete(waiter)) return;
    this.#waiting--;
    settle();
  }

  #rejectAll(part: MappedPart, error: Error): void {
    for (const waiter of part.waiting) this.#release(part, waiter, () => waiter.reject(error));
  }

  /** Hands out requested parts that have begun. If requests are left, moves the other parts out of the way. */
  #advance(): void {
    for (const part of this.#arriving) if (!part.isFlowing) this.#handOver(part);
    if (this.#waiting === 0) return;
    this.#resumePaused();
    for (const part of this.#arriving) if (!part.isFlowing) this.#move(part);
  }

  #handOver(part: ArrivingPart): void {
    const { mapped, stream } = part;
    if (mapped === null || mapped.isHandedOver || mapped.uses > 1) return;
    const [waiter] = mapped.waiting;
    if (waiter === undefined) return;
    part.isFlowing = true;
    mapped.isHandedOver = true;
    const reader = this.#track(
      new PartReader(stream, () => {
        part.isFlowing = false;
        this.#advance();
      }),
    );
    this.#release(mapped, waiter, () => waiter.resolve(fileOf(mapped.fileName, () => reader)));
  }

  #move(part: ArrivingPart): void {
    part.isFlowing = true;
    const { mapped, stream } = part;
    const moving = mapped === null || mapped.isHandedOver ? this.#drain(stream) : this.#spool(mapped, stream);
    const done = moving.catch((error: Error) => this.#fault(error)).finally(() => this.#moving.delete(done));
    this.#moving.add(done);
  }

  async #drain(stream: Readable): Promise<void> {
    for await (const _ of stream) await this.#untilAwaited();
  }

  async #spool(part: MappedPart, stream: Readable): Promise<void> {
    const temp = await this.#tempFolder.open();
    this.#temps.add(temp);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      await temp.write(chunk);
      await this.#untilAwaited();
    }
    await temp.close();
    if (this.#failure) return;
    part.temp = temp;
    for (const waiter of part.waiting)
      this.#release(part, waiter, () => waiter.resolve(this.#fromTemp(part, temp)));
  }

  /** Resolves at once while a file is awaited; otherwise waits for the next request. */
  async #untilAwaited(): Promise<void> {
    while (this.#waiting === 0 && !this.#failure)
      await new Promise<void>((resolve) => {
        this.#paused.add(resolve);
      });
  }

  #resumePaused(): void {
    for (const resume of this.#paused) resume();
    this.#paused.clear();
  }

  #fromTemp({ fileName }: MappedPart, { path }: TempFile): IncomingFile {
    return fileOf(fileName, () => {
      if (this.#failure) throw this.#failure;
      return this.#track(createReadStream(path, { highWaterMark: TEMP_READ_BYTES }).on("error", () => {}));
    });
  }

  #track<Stream extends Readable>(reader: Stream): Stream {
    this.#readers.add(reader);
    reader.once("close", () => this.#readers.delete(reader));
    return reader;
  }
}
