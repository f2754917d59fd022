import { connect } from "node:net";
import { gunzipSync } from "node:zlib";

/** What a server sent back, read by hand, so that a request may be as wrong as it likes. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly port: number;
  /** What is sent, one write after the other; the next when the one before has left. */
  readonly pieces: readonly Buffer[];
  /** How the client ends: it waits for the answer, closes its side of the connection, or breaks it off. */
  readonly ending?: "wait" | "half-close" | "break";
  /** The request was HEAD: its answer has no body. */
  readonly isHead?: boolean;
  /** Resolve with the head alone; for streams. */
  readonly isHeadEnough?: boolean;
  readonly timeoutMs?: number;
}

/** Whoever has no answer by then gets none. */
const ANSWER_MS = 30_000;

/** Sends bytes on a new connection. @returns the answer; "closed" or "silent" without one */
export function sendRaw(request: RawRequest): Promise<RawAnswer | "closed" | "silent"> {
  const { port, pieces, ending = "wait", timeoutMs = ANSWER_MS } = request;
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let received: Buffer = Buffer.alloc(0);
    const done = (answer: RawAnswer | "closed" | "silent") => {
      clearTimeout(impatience);
      resolve(answer);
      socket.destroy();
    };
    const impatience = setTimeout(() => done("silent"), timeoutMs);
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = parseAnswer(received, false, request);
      if (answer) done(answer);
    });
    socket.on("error", () => {});
    socket.on("close", () => done(parseAnswer(received, true, request) ?? "closed"));
    socket.on("connect", async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        await new Promise<void>((written) => socket.write(piece, () => written()));
      }
      if (ending === "half-close") socket.end();
      else if (ending === "break") socket.resetAndDestroy();
    });
  });
}

const HEAD_END = "\r\n\r\n";

/** @returns null while it is not whole */
function parseAnswer(
  bytes: Buffer,
  isOver: boolean,
  { isHead, isHeadEnough }: Pick<RawRequest, "isHead" | "isHeadEnough">,
): RawAnswer | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const [line = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? Number.NaN);
  const rest = bytes.subarray(end + HEAD_END.length);
  // `100 Continue` comes before the answer; a changed protocol is one.
  if (status >= 100 && status < 200 && status !== 101)
    return parseAnswer(rest, isOver, { ...(isHead && { isHead }), ...(isHeadEnough && { isHeadEnough }) });
  const headers = new Map(
    lines.map((header) => {
      const colon = header.indexOf(":");
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()] as const;
    }),
  );
  const isEmpty = isHead || isHeadEnough || status === 101 || status === 204 || status === 304;
  const body = isEmpty ? Buffer.alloc(0) : bodyOf(rest, headers, isOver);
  return (
    body && { status, headers, body: headers.get("content-encoding") === "gzip" ? gunzipSync(body) : body }
  );
}

function bodyOf(rest: Buffer, headers: ReadonlyMap<string, string>, isOver: boolean): Buffer | null {
  const length = headers.get("content-length");
  if (length !== undefined) return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : null;
  if (headers.get("transfer-encoding") !== "chunked") return isOver ? rest : null;
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(rest.toString("latin1", at, lineEnd), 16);
    if (size === 0) return Buffer.concat(chunks);
    if (rest.length < lineEnd + 2 + size + 2) return null;
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** The head of a request, its header lines as they are given. */
export const headOf = (line: string, headers: readonly string[]): Buffer =>
  Buffer.from(`${line} HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`, "latin1");
