import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import busboy from "busboy";
import type { FileUpload, Upload } from "graphql-upload-ts";
import { formatBytes, KIB } from "../../kernel/bytes.js";
import { MINUTE_MS } from "../../kernel/clock.js";
import { badUserInput, FiledeskError } from "../../kernel/errors.js";
import { countDeadBuffers } from "./dead-buffers.js";
import type { IncomingFile } from "./incoming-files.js";
import type { Operations } from "./multipart-map.js";
import { parseOperations, placeUploads, quoted } from "./multipart-map.js";

export interface MultipartLimits {
  readonly maxFiles: number;
  /** Of `operations` and of `map`, in bytes each. */
  readonly maxFieldBytes: number;
  /** Of the whole body, in bytes, whether its length is given or not. */
  readonly maxRequestBytes: number;
  /** How long the body may stand still, because nobody sends or nobody reads: 60 s by default. */
  readonly stallMs?: number;
}

export interface ReceivedMultipart {
  /** The GraphQL request, with an `Upload` of graphql-upload-ts at each place that `map` names. */
  readonly operations: Operations;
  readonly fileCount: number;
  /** Call when the request has been answered: whatever of the files has not been read by then never will be. */
  abort(): void;
}

/** What an `Upload` resolves to. `filename` and `createReadStream` are the names that graphql-upload's users know. */
export interface ReceivedFile extends IncomingFile {
  readonly filename: string;
  createReadStream(): Readable;
}

/** How long the body may stand still after a reader has given a file up. */
const ABANDONED_STALL_MS = 500;
/** One read of a socket, so that a chunk that is taken at once costs no pause. */
const BUFFER_BYTES = 64 * KIB;
/** What part headers and a preamble may add to `operations` and `map`. */
const PREFACE_SLACK_BYTES = 64 * KIB;

/**
 * Receives a GraphQL multipart request and resolves as soon as `operations` and `map` are there. The files stay
 * unread but for what is on its way: their bytes flow from the socket at the pace of whoever reads them.
 *
 * The parts come one after the other, so wait for the files and read them side by side, or in the order in which
 * they were sent: a file that is waited for behind one that nobody reads never comes, until `stallMs` ends it.
 *
 * An `Upload` rejects, and a file's stream fails, with BAD_USER_INPUT (the body is not well-formed), FILE_TOO_LARGE
 * (it is over `maxRequestBytes`) or UPLOAD_INCOMPLETE (it ended early or stood still).
 *
 * @throws the same for what is wrong up to the end of `map`
 */
export function receiveMultipart(
  request: IncomingMessage,
  limits: MultipartLimits,
): Promise<ReceivedMultipart> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) throw disconnected();
    new Reception(request, limits, { resolve, reject }).start();
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

class Reception {
  private readonly parser: busboy.Busboy;
  private readonly streams = new Set<Readable>();
  private operations: Operations | null = null;
  private uploads: Map<string, Upload> | null = null;
  private received = 0;
  private parsed = false;
  private over = false;
  private standstill: NodeJS.Timeout;

  constructor(
    private readonly request: IncomingMessage,
    private readonly limits: MultipartLimits,
    private readonly answer: Answer,
  ) {
    this.parser = parserOf(request, limits.maxFieldBytes);
    this.standstill = this.endAfter(limits.stallMs ?? MINUTE_MS, "The body has stood still for too long.");
  }

  start(): void {
    this.parser
      .on("field", (name, value, info) =>
        this.attempt(() => this.takeField(name, value, info.valueTruncated)),
      )
      .on("file", (name, stream, info) => this.attempt(() => this.takeFile(name, stream, info)))
      .on("error", () => this.fail(badUserInput("A part of the body has malformed headers.")))
      .on("drain", () => this.over || this.request.resume());
    this.request
      .on("error", () => this.fail(disconnected()))
      .once("close", () => this.request.readableEnded || this.fail(disconnected()))
      .once("end", () => this.parser.write("", (error) => error || this.attempt(() => this.finish())))
      .on("data", this.takeChunk);
  }

  private readonly takeChunk = (chunk: Buffer): void => {
    this.standstill.refresh();
    this.received += chunk.length;
    countDeadBuffers(chunk.length);
    const { maxFieldBytes, maxRequestBytes } = this.limits;
    const isTaken = this.parser.write(chunk);
    if (this.received > maxRequestBytes) this.fail(requestTooLarge(maxRequestBytes, this.received));
    else if (this.uploads === null && this.received > 2 * maxFieldBytes + PREFACE_SLACK_BYTES)
      this.fail(fieldTooLarge(maxFieldBytes));
    else if (!isTaken) this.request.pause();
  };

  private takeField(name: string | undefined, value: unknown, isTruncated: boolean): void {
    if (isTruncated) throw fieldTooLarge(this.limits.maxFieldBytes);
    if (name === "operations" && this.operations === null) {
      this.operations = parseOperations(value);
    } else if (name === "map" && this.operations !== null && this.uploads === null) {
      this.uploads = placeUploads(this.operations, value, this.limits.maxFiles);
      this.answer.resolve({
        operations: this.operations,
        fileCount: this.uploads.size,
        abort: () =>
          this.fail(new FiledeskError("UPLOAD_INCOMPLETE", "This request has been answered already.")),
      });
    } else throw this.misplaced(name ?? "");
  }

  private takeFile(name: string | undefined, stream: Readable, info: busboy.FileInfo): void {
    this.streams.add(stream);
    // A stream that fails before somebody reads it is no fault of the process.
    stream.on("error", () => {}).once("close", () => this.release(stream));
    const upload = this.uploads?.get(name ?? "");
    if (upload === undefined || name === undefined || upload.file) throw this.misplaced(name ?? "");
    if (!/^(7bit|8bit|binary)$/.test(info.encoding))
      throw badUserInput(
        `The part ${quoted(name)} has a \`Content-Transfer-Encoding\`: send the file's own bytes.`,
      );
    // The type says what the library's own receiver would give; nothing here reads the rest of it.
    upload.resolve(receivedFile(fileNameOf(name, info), stream) as unknown as FileUpload);
  }

  /** What is wrong with a part that is not the next one to come. */
  private misplaced(name: string): FiledeskError {
    const upload = this.uploads?.get(name);
    if (upload?.file || (name === "operations" && this.operations) || (name === "map" && this.uploads))
      return badUserInput(`The part ${quoted(name)} is sent twice.`);
    if (upload) return badUserInput(`The part ${quoted(name)} has no file name.`);
    if (this.uploads) return badUserInput(`The part ${quoted(name)} is not named in \`map\`.`);
    return badUserInput("The parts are out of order: send `operations`, then `map`, then the files.");
  }

  /** The whole body has been parsed. */
  private finish(): void {
    if (!isComplete(this.parser)) throw badUserInput("The body ends before its closing boundary.");
    if (this.uploads === null)
      throw badUserInput("The body lacks its field `operations` or its field `map`.");
    this.parsed = true;
    clearTimeout(this.standstill);
    for (const [name, upload] of this.uploads)
      if (!upload.file)
        upload.reject(badUserInput(`The part ${quoted(name)} is named in \`map\`, but was not sent.`));
  }

  /** A file that its reader gave up stands in the way of those behind it. Its own error should come first. */
  private release(stream: Readable): void {
    this.streams.delete(stream);
    if (stream.readableEnded || this.over || this.parsed) return;
    clearTimeout(this.standstill);
    this.standstill = this.endAfter(
      ABANDONED_STALL_MS,
      "Another file of this request was not read to its end.",
    );
  }

  private endAfter(ms: number, message: string): NodeJS.Timeout {
    return setTimeout(() => this.fail(new FiledeskError("UPLOAD_INCOMPLETE", message)), ms).unref();
  }

  private attempt(step: () => void): void {
    try {
      // The parser goes on to the end of its chunk whatever happens.
      if (!this.over) step();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.standstill);
    this.request.off("data", this.takeChunk).pause();
    for (const upload of this.uploads?.values() ?? []) if (!upload.file) upload.reject(error);
    for (const stream of this.streams) stream.destroy(error);
    this.parser.destroy();
    this.answer.reject(error);
  }
}

function parserOf({ headers }: IncomingMessage, maxFieldBytes: number): busboy.Busboy {
  try {
    return busboy({
      headers,
      defParamCharset: "utf8",
      highWaterMark: 2 * BUFFER_BYTES,
      fileHwm: BUFFER_BYTES,
      // A value that reaches this limit counts as cut off.
      limits: { fieldSize: maxFieldBytes + 1 },
    });
  } catch {
    throw badUserInput("The `Content-Type` must be `multipart/form-data` with a boundary.");
  }
}

/** Not public in busboy; its own end event waits until every file has been read, which may never happen. */
const isComplete = (parser: busboy.Busboy): boolean =>
  (parser as unknown as { _complete: boolean })._complete;

function fileNameOf(part: string, { filename }: busboy.FileInfo): string {
  if (!filename) throw badUserInput(`The part ${quoted(part)} has no file name.`);
  if (/\p{Cc}/u.test(filename))
    throw badUserInput(`The part ${quoted(part)} has control characters in its file name.`);
  return filename;
}

function receivedFile(fileName: string, stream: Readable): ReceivedFile {
  let isOpen = false;
  const open = () => {
    if (isOpen)
      throw badUserInput(`The file ${quoted(fileName)} is used twice in this request. Send it for each use.`);
    isOpen = true;
    if (stream.errored) throw stream.errored;
    return stream;
  };
  return { fileName, filename: fileName, open, createReadStream: open };
}

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
