import type { NetConnectOpts, Socket } from "node:net";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { ScanFault } from "./scanner.js";

/** How long clamd may take, in milliseconds. */
export interface ClamdTimes {
  readonly connectMs: number;
  /** Without taking a byte. */
  readonly idleMs: number;
  /** From the last byte to the reply. */
  readonly replyMs: number;
}

export interface ClamdCall {
  readonly command: "PING" | "INSTREAM";
  readonly body?: AsyncIterable<Buffer>;
  readonly signal?: AbortSignal | undefined;
}

export interface ClamdReply {
  readonly text: string;
  /** Whether clamd had everything when it replied. */
  readonly isOfAll: boolean;
}

/** A reply is a line with the name of a signature. */
const MOST_REPLY_CHARACTERS = 2_048;

/**
 * Sends one command to clamd on a connection of its own, and reads the reply to its end. One that comes before clamd
 * closes the connection early, as it does above its size limit, is kept.
 *
 * @throws ScanFault without a whole reply, and what `body` throws
 */
export async function callClamd(
  address: NetConnectOpts,
  { command, body, signal }: ClamdCall,
  times: ClamdTimes,
): Promise<ClamdReply> {
  const socket = connect(address).setTimeout(times.connectMs);
  const stop = () => socket.destroy(new ScanFault("the scan was given up"));
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const reply = replyOf(socket);
  // Awaited below: a failure before that is no unhandled one.
  reply.catch(() => {});
  try {
    socket.once("connect", () => socket.setTimeout(times.idleMs));
    socket.write(`z${command}\0`);
    const isOfAll = body === undefined || (await send(socket, body));
    if (isOfAll) socket.setTimeout(times.replyMs);
    return { text: await reply, isOfAll };
  } finally {
    signal?.removeEventListener("abort", stop);
    socket.destroy();
  }
}

/** Sends chunks as fast as clamd takes them. @returns false if clamd has replied or hung up before the end */
async function send(socket: Socket, body: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const chunk of body) {
    // Lets a reply be read before the next write fails, which destroys the socket.
    await turn();
    if (!isOpen(socket)) return false;
    socket.write(lengthOf(chunk.length));
    if (!socket.write(chunk)) await drained(socket);
  }
  if (!isOpen(socket)) return false;
  socket.write(lengthOf(0));
  return true;
}

const isOpen = (socket: Socket) => !socket.destroyed && socket.bytesRead === 0 && !socket.readableEnded;

/** Four bytes in network order, before each chunk; zero ends the stream. */
function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** Also resolves when clamd replies or hangs up. */
function drained(socket: Socket): Promise<void> {
  const events = ["drain", "data", "close"] as const;
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) socket.off(event, done);
      resolve();
    };
    for (const event of events) socket.on(event, done);
  });
}

/** What clamd sends until it hangs up; the reply ends with a zero byte, and nothing follows. */
function replyOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let failure: Error | null = null;
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.length > MOST_REPLY_CHARACTERS) socket.destroy(new ScanFault("clamd's reply is too long"));
    });
    socket.on("timeout", () => socket.destroy(new ScanFault("clamd does not answer in time")));
    socket.on("error", (error) => {
      failure = error instanceof ScanFault ? error : new ScanFault(`clamd: ${describe(error)}`);
    });
    socket.on("close", () => {
      const isCut = failure !== null && !text.endsWith("\0");
      if (isCut || text === "") reject(failure ?? new ScanFault("clamd has hung up without a reply"));
      else resolve(text);
    });
  });
}

/** For a host with several addresses, the message is empty. */
const describe = ({ message, code }: NodeJS.ErrnoException): string => message || (code ?? "unreachable");
