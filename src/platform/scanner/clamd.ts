import type { NetConnectOpts } from "node:net";
import type { Readable } from "node:stream";
import { formatBytes } from "../../kernel/bytes.js";
import { HOUR_MS, SECOND_MS } from "../../kernel/clock.js";
import { fairTurns } from "../../kernel/fair-turns.js";
import type { ClamdTimes } from "./clamd-connection.js";
import { callClamd } from "./clamd-connection.js";
import { LEAST_PROBE_BYTES, probeOf } from "./clamd-probe.js";
import type { Scanner, ScanResult, ScanSource } from "./scanner.js";
import { ScanFault, ScanRefused } from "./scanner.js";

export interface ClamdOptions {
  /** `tcp://host:3310` or `unix:/path`. */
  readonly url: string;
  /** Maximum concurrent scans; others wait. */
  readonly atOnce: number;
  readonly times?: Partial<ClamdTimes>;
}

const TIMES: ClamdTimes = { connectMs: 5 * SECOND_MS, idleMs: 15 * SECOND_MS, replyMs: 120 * SECOND_MS };
/** clamd may be started with other limits meanwhile. */
const PROOF_MS = HOUR_MS;

/** Up to which size clamd has detected something, and until when that counts. */
interface Proof {
  readonly bytes: number;
  readonly until: number;
}
const NO_PROOF: Proof = { bytes: 0, until: 0 };

/**
 * Scans with ClamAV's daemon (INSTREAM). A file is clean only if clamd has taken all of its bytes, replies exactly
 * `stream: OK`, and has shown that it detects something in a file of this size: above its limits it says OK without
 * looking.
 */
export function createClamd({ url, atOnce, times }: ClamdOptions): Scanner {
  const address = addressOf(url);
  const inTime = { ...TIMES, ...times };
  const turns = fairTurns({ total: atOnce, perKey: atOnce });
  let proof = NO_PROOF;

  async function scanBytes(body: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<ScanResult> {
    signal?.throwIfAborted();
    return verdictOf(await callClamd(address, { command: "INSTREAM", body, signal }, inTime));
  }

  async function prove(size: number, signal?: AbortSignal): Promise<void> {
    if (size <= proof.bytes && performance.now() < proof.until) return;
    const bytes = Math.max(size, LEAST_PROBE_BYTES);
    if ((await scanBytes(probeOf(bytes), signal)).status !== "infected") throw skipsFilesOf(bytes);
    proof = { bytes, until: performance.now() + PROOF_MS };
  }

  async function scan(source: ScanSource, signal?: AbortSignal): Promise<ScanResult> {
    signal?.throwIfAborted();
    const stream = await source.open();
    // One that is not read to its end may still fail, which does not matter then.
    stream.on("error", () => {});
    try {
      const verdict = await scanBytes(allOf(stream, source.size), signal);
      if (verdict.status === "clean") await prove(source.size, signal);
      return verdict;
    } catch (error) {
      proof = NO_PROOF;
      throw error;
    } finally {
      stream.destroy();
    }
  }

  return {
    isOn: true,
    scan: (source, signal) =>
      untilAborted(
        signal,
        turns("", () => scan(source, signal)),
      ),
    async check() {
      const { text } = await callClamd(address, { command: "PING" }, inTime);
      if (text !== "PONG\0") throw unexpected(text);
    },
  };
}

function addressOf(url: string): NetConnectOpts {
  const [, path] = /^unix:(?:\/\/)?(\/.+)$/.exec(url) ?? [];
  if (path !== undefined) return { path };
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 3310) };
}

/** The bytes, if they are as many as there should be. */
async function* allOf(stream: Readable, size: number): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (chunk.length > 0) yield chunk;
  }
  if (read !== size) throw new ScanFault(`${read} bytes of a file of ${size} could be read`);
}

/** Stops waiting, for a turn as well; what has begun notices the signal itself. */
async function untilAborted<Result>(signal: AbortSignal | undefined, work: Promise<Result>): Promise<Result> {
  if (signal === undefined) return work;
  work.catch(() => {}); // its failure after the end of the race is no unhandled one
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new ScanFault("the scan took too long"));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener("abort", stop));
}

/** @throws ScanFault unless it is a verdict about all bytes */
function verdictOf({ text, isOfAll }: { readonly text: string; readonly isOfAll: boolean }): ScanResult {
  if (text === "INSTREAM size limit exceeded. ERROR\0")
    throw new ScanRefused("the file is larger than clamd's StreamMaxLength");
  if (!isOfAll) throw unexpected(text);
  if (text === "stream: OK\0") return { status: "clean" };
  const [, signature] = /^stream: ([\x20-\x7e]{1,500}) FOUND\0$/.exec(text) ?? [];
  if (signature === undefined) throw unexpected(text);
  if (signature.startsWith("Heuristics.Limits.Exceeded"))
    throw new ScanRefused(`the file exceeds a limit of clamd (${signature})`);
  return { status: "infected", signature };
}

const MOST_SHOWN = 200;

const unexpected = (text: string) =>
  new ScanFault(`clamd has given no verdict: ${JSON.stringify(text.slice(0, MOST_SHOWN))}`);

const skipsFilesOf = (bytes: number) =>
  new ScanRefused(
    `clamd says OK to a test virus in a file of ${formatBytes(bytes)}: it skips files of this size, or has no signatures. See MaxFileSize, MaxScanSize, AlertExceedsMax and freshclam`,
  );
