import { connect } from "node:net";

/** One connection of the load: it sends the same request again and again, each time with another stamp. */
export interface Lane {
  /** Request line and headers, with the empty line at their end. */
  readonly head: string;
  readonly body: Uint8Array;
  /** Where in the body `STAMP_BYTES` digits are overwritten for each request, so that no two are equal. */
  readonly stampAt: number | null;
}

export interface LoadJob {
  readonly port: number;
  readonly seconds: number;
  readonly lanes: readonly Lane[];
  /** How long each connection rests between an answer and its next request; not at all unless given. */
  readonly pauseMs?: number;
}

export interface LoadResult {
  readonly requests: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Milliseconds from the first byte of a request to the last of its answer. */
  readonly p50: number;
  readonly p99: number;
}

export const STAMP_BYTES = 16;

/** What every answer begins with that is not a failure; Apollo writes `errors` before `data`. */
const GOOD = Buffer.from('{"data":{');
const HEAD_END = "\r\n\r\n";

/** Never the same in one run, whichever process stamps. */
let stamps = process.pid * 1e9;

/** Sends requests down all lanes at once until the time is over, and lets those in flight finish. */
async function runLoad({ port, seconds, lanes, pauseMs = 0 }: LoadJob): Promise<LoadResult> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(lanes.map((lane) => runLane({ port, end, pauseMs, latencies }, lane)));
  const elapsed = (performance.now() - start) / 1_000;
  latencies.sort((a, b) => a - b);
  const quantile = (part: number) => latencies[Math.floor(part * (latencies.length - 1))] ?? Number.NaN;
  return { requests: latencies.length, seconds: elapsed, p50: quantile(0.5), p99: quantile(0.99) };
}

interface Course {
  readonly port: number;
  readonly end: number;
  readonly pauseMs: number;
  readonly latencies: number[];
}

function runLane({ port, end, pauseMs, latencies }: Course, lane: Lane): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const body = Buffer.from(lane.body);
    let begun = 0;
    let answer: AnswerReader = readAnswer();
    const send = () => {
      if (lane.stampAt !== null)
        body.write(String(++stamps).padStart(STAMP_BYTES, "0"), lane.stampAt, "latin1");
      answer = readAnswer();
      begun = performance.now();
      socket.cork();
      socket.write(lane.head, "latin1");
      socket.write(body);
      socket.uncork();
    };
    socket.once("connect", send);
    socket.on("data", (chunk: Buffer) => {
      try {
        if (!answer(chunk)) return;
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      const now = performance.now();
      latencies.push(now - begun);
      if (now >= end) socket.end();
      else if (pauseMs > 0) setTimeout(send, pauseMs);
      else send();
    });
    socket.once("error", reject);
    socket.once("close", () =>
      performance.now() < end ? reject(new Error("the server hung up")) : resolve(),
    );
  });
}

type AnswerReader = (chunk: Buffer) => boolean;

/** Says whether the answer is complete. @throws what the server said, when that is not a good answer */
function readAnswer(): AnswerReader {
  let beginning: Buffer = Buffer.alloc(0);
  let missing: number | null = null;
  return (chunk) => {
    if (missing !== null) {
      missing -= chunk.length;
      return missing <= 0;
    }
    beginning = beginning.length === 0 ? chunk : Buffer.concat([beginning, chunk]);
    const headEnd = beginning.indexOf(HEAD_END);
    if (headEnd === -1 || beginning.length < headEnd + HEAD_END.length + GOOD.length) return false;
    const head = beginning.toString("latin1", 0, headEnd);
    const length = /\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const content = beginning.subarray(headEnd + HEAD_END.length);
    if (
      !head.startsWith("HTTP/1.1 200") ||
      length === undefined ||
      !content.subarray(0, GOOD.length).equals(GOOD)
    )
      throw new Error(`a request failed: ${beginning.toString("utf8", 0, 2_000)}`);
    missing = Number(length) - content.length;
    return missing <= 0;
  };
}

process.on("message", (job: LoadJob) => {
  runLoad(job).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
