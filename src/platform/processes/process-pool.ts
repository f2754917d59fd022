import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { on } from "node:events";
import { MIB } from "../../kernel/bytes.js";
import { FiledeskError } from "../../kernel/errors.js";
import type { ProcessAnswer, ProcessMessage, ProcessRequest } from "./process-messages.js";
import { OUT_OF_MEMORY } from "./process-messages.js";

/** Why a process ended instead of answering. */
export type EndReason = "time" | "memory" | "crash";

/** A process of the pool has ended instead of answering. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";

  constructor(readonly reason: EndReason) {
    super(`the process ended instead of answering: ${reason}`);
  }
}

export interface RunLimits {
  /** How long the answer may take; the start of a process is not included. */
  readonly timeoutMs: number;
  /** Resident memory that the process may have. */
  readonly memoryBytes: number;
  /** Ends the process. */
  readonly signal?: AbortSignal | undefined;
}

export interface ProcessPool<Question> {
  /**
   * Has a question answered by a process that answers nothing else meanwhile.
   *
   * @throws ProcessEnded; what the process threw, as a FiledeskError or as an Error with its `code`; the signal's reason
   */
  run(question: Question, limits: RunLimits): Promise<unknown>;
}

/** For the start of a process: a tenth of a second, on an overloaded machine a hundred times that. */
const LONGEST_START_MS = 30_000;
const IDLE_MS = 30_000;
/**
 * A process that holds more when it has answered is not used again: allocators keep what they have once got, and that
 * would count as memory of the next question.
 */
const KEPT_BYTES = 256 * MIB;

/**
 * Processes that answer one question at a time (`answerQuestions`). One is started when all are busy, so the caller
 * bounds how many there are; each ends when it has been idle for a while. Whatever a question does to its process,
 * others and this process go on.
 *
 * @param entry the built file of the process
 */
export function createProcessPool<Question>(entry: string): ProcessPool<Question> {
  const idle: PooledProcess[] = [];

  const release = (pooled: PooledProcess) => {
    idle.push(pooled);
    pooled.rest(() => {
      idle.splice(idle.indexOf(pooled), 1);
      pooled.end();
    });
  };

  const takeIdle = (): PooledProcess | undefined => {
    for (let pooled = idle.pop(); pooled !== undefined; pooled = idle.pop()) {
      pooled.wake();
      if (pooled.isAlive) return pooled;
    }
    return undefined;
  };

  return {
    async run(question, limits) {
      limits.signal?.throwIfAborted();
      const pooled = takeIdle() ?? (await PooledProcess.start(entry));
      let isReusable = false;
      try {
        const answer = await pooled.ask({ question, memoryBytes: limits.memoryBytes }, limits);
        isReusable = answer.residentBytes <= KEPT_BYTES;
        if ("answer" in answer) return answer.answer;
        throw errorOf(answer);
      } finally {
        if (isReusable) release(pooled);
        else pooled.end();
      }
    },
  };
}

function errorOf(message: Exclude<ProcessAnswer, { answer: unknown }>): Error {
  if ("refusal" in message) {
    const { code, message: text, details } = message.refusal;
    return new FiledeskError(code, text, details);
  }
  const { message: text, code } = message.failure;
  return Object.assign(new Error(text), code === undefined ? {} : { code });
}

class PooledProcess {
  readonly #child: ChildProcess;
  readonly #messages: AsyncIterator<[ProcessMessage], undefined>;
  #resting: NodeJS.Timeout | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // Without a listener, a failed start would be an uncaught error; it ends the messages as well.
    child.on("error", () => {});
    this.#messages = on(child, "message", { close: ["exit", "error"] }) as never;
  }

  static async start(entry: string): Promise<PooledProcess> {
    const child = fork(entry, {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: ["--max-old-space-size=256"],
      // It gets no other variables of our environment.
      env: { PATH: process.env.PATH },
    });
    const pooled = new PooledProcess(child);
    const ready = await pooled.#next(LONGEST_START_MS, undefined);
    if (ready === null) {
      pooled.end();
      // Not the fault of what was asked: it has a code like other errors of the machine.
      throw Object.assign(
        new Error(`${entry} did not start. Install the whole package again, or build it.`),
        {
          code: "ERR_PROCESS_START",
        },
      );
    }
    return pooled;
  }

  get isAlive(): boolean {
    return this.#child.connected && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async ask(request: ProcessRequest, { timeoutMs, signal }: RunLimits) {
    // A process that has just ended does not take it: then its messages end.
    this.#child.send(request, () => {});
    const answer = await this.#next(timeoutMs, signal);
    signal?.throwIfAborted();
    if (answer === null) throw new ProcessEnded(this.#endReason());
    if ("ready" in answer) throw new Error("a process of the pool started twice");
    return answer;
  }

  #endReason(): EndReason {
    if (this.#child.killed) return "time";
    return this.#child.exitCode === OUT_OF_MEMORY ? "memory" : "crash";
  }

  /** The next message; null if the process ends, is not in time, or the signal aborts: then it is killed. */
  async #next(timeoutMs: number, signal: AbortSignal | undefined): Promise<ProcessMessage | null> {
    const kill = () => this.#child.kill("SIGKILL");
    const timer = setTimeout(kill, timeoutMs);
    signal?.addEventListener("abort", kill, { once: true });
    try {
      const { value, done } = await this.#messages.next();
      return done || value === undefined ? null : value[0];
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", kill);
    }
  }

  /** An idle process does not keep this one from ending. */
  rest(onRested: () => void): void {
    this.#child.unref();
    this.#child.channel?.unref();
    this.#resting = setTimeout(onRested, IDLE_MS).unref();
  }

  wake(): void {
    clearTimeout(this.#resting);
    this.#child.ref();
    this.#child.channel?.ref();
  }

  end(): void {
    clearTimeout(this.#resting);
    this.#child.kill("SIGKILL");
    void this.#messages.return?.();
  }
}
