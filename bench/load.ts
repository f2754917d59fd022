import { connect } from "node:net";

/** One connection of the load: it sends the same request repeatedly, each time with another stamp. */
export interface Lane {
  /** The request line and headers, including the empty line. */
  readonly head: string;
  readonly body: Uint8Array;
  /** The offset of `STAMP_BYTES` digits in the body that are overwritten, so that no two requests are equal. */
  readonly stampAt: number | null;
}

export interface LoadJob {
  readonly port: number;
  readonly seconds: number;
  readonly lanes: readonly Lane[];
  /** Pause of each connection between a response and its next request; none by default. */
  readonly pauseMs?: number;
}

export interface LoadResult {
  readonly requests: number;
  /** From the first request to the last response. */
  readonly seconds: number;
  /** Milliseconds from the first byte of a request to the last of its response. */
  readonly p50: number;
  readonly p99: number;
}

export const STAMP_BYTES = 16;

/** The beginning of every successful response; Apollo writes `errors` before `data`. */
const GOOD = Buffer.from('{"data":{');
const HEAD_END = "\r\n\r\n";

/** Unique in a run, across processes. */
let stamps = process.pid * 1e9;

/** Sends requests on all lanes until the time is over, and lets those in flight finish. */
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

interface LaneRun {
  readonly port: number;
  readonly end: number;
  readonly pauseMs: number;
  readonly latencies: number[];
}

function runLane({ port, end, pauseMs, latencies }: LaneRun, lane: Lane): Promise<void> {
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

/** Returns whether the response is complete. @throws Error with the response, if it is not successful */
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
