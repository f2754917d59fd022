import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type busboy from "busboy";
import { formatBytes, KIB } from "../../../kernel/bytes.js";
import { MINUTE_MS } from "../../../kernel/clock.js";
import { badUserInput, FiledeskError } from "../../../kernel/errors.js";
import { countDeadBuffers } from "../../dead-buffers.js";
import type { TempFolder } from "../../storage/temp-folder.js";
import { FileParts } from "./file-parts.js";
import type { Operations } from "./multipart-map.js";
import { parseOperations, quoted, setUploads } from "./multipart-map.js";
import type { MultipartParser } from "./multipart-parser.js";
import { createMultipartParser } from "./multipart-parser.js";
import { readRest } from "./unread-body.js";

export interface MultipartLimits {
  readonly maxFiles: number;
  /** Maximum bytes of `operations`, and of `map`. */
  readonly maxFieldBytes: number;
  /** Maximum bytes of the whole body, with or without a `Content-Length`. */
  readonly maxRequestBytes: number;
  /** How long the body may stall, because the client does not send or nobody reads; 60 seconds by default. */
  readonly stallMs?: number;
}

export interface ReceivedMultipart {
  /** The GraphQL request, with an `Upload` of graphql-upload-ts at each path that `map` names. */
  readonly operations: Operations;
  /** How many files the operation has; a part with several paths counts for each. */
  readonly fileCount: number;
  /**
   * Call it before the response is sent: reads the body to its end and discards it, if the rest is small and arrives
   * soon. Resolves to whether the body has been read to its end.
   */
  readRest(): Promise<boolean>;
  /**
   * Call it after the request has been answered: files can no longer be read. Resolves when their temp files have been
   * removed.
   */
  abort(): Promise<void>;
}

/** How many bytes part headers and a preamble may add to `operations` and `map`. */
const PREFACE_SLACK_BYTES = 64 * KIB;

/**
 * Receives a GraphQL multipart request and resolves when `operations` and `map` have been received. Each `Upload`
 * resolves to an `AnnouncedFile`. Until one is requested, no more of the body is read; the bytes of the next file then
 * flow from the socket as fast as they are read (back-pressure, `FileParts`). Other parts are ignored.
 *
 * A request for a file rejects, and its stream fails, with BAD_USER_INPUT (the body is malformed or lacks the file),
 * FILE_TOO_LARGE (the body exceeds `maxRequestBytes`) or UPLOAD_INCOMPLETE (it ended early or stalled).
 *
 * @param tempFolder holds files that arrive before the one that is requested
 * @throws the same errors for problems up to the end of `map`
 */
export function receiveMultipart(
  request: IncomingMessage,
  limits: MultipartLimits,
  tempFolder: Pick<TempFolder, "open">,
): Promise<ReceivedMultipart> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) throw disconnected();
    new Reception({ request, limits, tempFolder, answer: { resolve, reject } }).start();
  });
}

export const requestTooLarge = (limit: number, actual: number): FiledeskError =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `A request takes at most ${formatBytes(limit)} with all of its files.`,
    {
      limit,
      actual,
    },
  );

interface Answer {
  resolve(received: ReceivedMultipart): void;
  reject(error: Error): void;
}

interface Receiving {
  readonly request: IncomingMessage;
  readonly limits: MultipartLimits;
  readonly tempFolder: Pick<TempFolder, "open">;
  readonly answer: Answer;
}

class Reception {
  private readonly request: IncomingMessage;
  private readonly limits: MultipartLimits;
  private readonly answer: Answer;
  private readonly parser: MultipartParser;
  private readonly files: FileParts;
  private readonly stallTimer: NodeJS.Timeout;
  private operations: Operations | null = null;
  private isMapped = false;
  private received = 0;
  private isOver = false;
  private ending: Promise<void> | null = null;

  constructor({ request, limits, tempFolder, answer }: Receiving) {
    this.request = request;
    this.limits = limits;
    this.answer = answer;
    this.parser = createMultipartParser(request.headers, limits.maxFieldBytes);
    this.files = new FileParts(tempFolder, (error) => this.fail(error));
    this.stallTimer = setTimeout(() => this.fail(stalled()), limits.stallMs ?? MINUTE_MS).unref();
  }

  start(): void {
    const { busboy } = this.parser;
    busboy
      .on("field", (name, value, info) =>
        this.attempt(() => this.takeField(name, value, info.valueTruncated)),
      )
      .on("file", (name, stream, info) => this.attempt(() => this.takeFile(name, stream, info)))
      .on("error", () => this.fail(badUserInput("A part of the body has malformed headers.")))
      .on("drain", () => this.isOver || this.request.resume());
    this.request
      .on("error", () => this.fail(disconnected()))
      .once("close", () => this.request.readableEnded || this.fail(disconnected()))
      .once("end", () => busboy.write("", (error) => error || this.attempt(() => this.finish())))
      .on("data", this.takeChunk);
  }

  private readonly takeChunk = (chunk: Buffer): void => {
    this.stallTimer.refresh();
    this.received += chunk.length;
    countDeadBuffers(chunk.length);
    const { maxFieldBytes, maxRequestBytes } = this.limits;
    const isWritable = this.parser.busboy.write(chunk);
    if (this.received > maxRequestBytes) this.fail(requestTooLarge(maxRequestBytes, this.received));
    else if (!this.isMapped && this.received > 2 * maxFieldBytes + PREFACE_SLACK_BYTES)
      this.fail(fieldTooLarge(maxFieldBytes));
    else if (!isWritable) this.request.pause();
  };

  private takeField(name: string | undefined, value: unknown, isTruncated: boolean): void {
    if (name !== "operations" && name !== "map") return;
    if (isTruncated) throw fieldTooLarge(this.limits.maxFieldBytes);
    if (name === "operations" && this.operations === null) this.operations = parseOperations(value);
    else if (name === "map" && this.operations !== null && !this.isMapped)
      this.takeMap(this.operations, value);
    else throw misplaced(name, this.operations !== null);
  }

  private takeMap(operations: Operations, map: unknown): void {
    const fileCount = setUploads(operations, map, {
      maxFiles: this.limits.maxFiles,
      announce: (part) => this.files.announce(part),
    });
    this.isMapped = true;
    this.parser.expectFiles();
    this.answer.resolve({
      operations,
      fileCount,
      readRest: () => this.readRest(),
      abort: () => this.end(),
    });
  }

  private takeFile(name: string | undefined, stream: Readable, info: busboy.FileInfo): void {
    // An error before anybody reads the stream must not end the process.
    stream.on("error", () => {});
    const isField = name === "operations" || name === "map";
    if (!this.isMapped && isField) throw badUserInput(`Send the part ${quoted(name)} without a file name.`);
    if (!this.isMapped || isField) throw misplaced(name ?? "", this.isMapped);
    this.files.begin(name ?? "", stream, { ...info, isExtended: this.parser.isNameExtended() });
  }

  /** The whole body has been parsed. */
  private finish(): void {
    if (!this.parser.isComplete()) throw badUserInput("The body ends before its closing boundary.");
    if (!this.isMapped) throw badUserInput("The body lacks its field `operations` or its field `map`.");
    clearTimeout(this.stallTimer);
    this.files.finish();
  }

  private readRest(): Promise<boolean> {
    // `abort` waits for the same promise and reports its error.
    this.end().catch(() => {});
    return readRest(this.request, this.received);
  }

  private end(): Promise<void> {
    this.fail(new FiledeskError("UPLOAD_INCOMPLETE", "This request has been answered already."));
    this.ending ??= this.files.dispose();
    return this.ending;
  }

  private attempt(step: () => void): void {
    try {
      // The parser continues to the end of its chunk even after a failure.
      if (!this.isOver) step();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.stallTimer);
    this.request.off("data", this.takeChunk).pause();
    this.files.fail(error);
    this.parser.busboy.destroy();
    this.answer.reject(error);
  }
}

/** @param isPresent whether a part of this name was already received; otherwise an earlier one is missing */
const misplaced = (name: string, isPresent: boolean) =>
  badUserInput(
    isPresent
      ? `The part ${quoted(name)} is sent twice.`
      : "The parts are out of order: send `operations`, then `map`, then the files.",
  );

const stalled = () => new FiledeskError("UPLOAD_INCOMPLETE", "The body has stalled for too long.");

const disconnected = () =>
  new FiledeskError("UPLOAD_INCOMPLETE", "The connection was closed before the whole request had arrived.");

const fieldTooLarge = (limit: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `The fields \`operations\` and \`map\` take at most ${formatBytes(limit)} each.`,
    {
      limit,
    },
  );
