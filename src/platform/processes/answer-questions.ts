import { FiledeskError } from "../../kernel/errors.js";
import type { ProcessAnswer, ProcessMessage, ProcessRequest } from "./process-messages.js";
import { OUT_OF_MEMORY } from "./process-messages.js";

const LOOK_EVERY_MS = 20;

/**
 * Answers the questions of the pool that has started this process, until the pool's process ends. While a question is
 * being answered, the process ends as soon as it has more memory than allowed: native code allocates outside of all
 * limits that Node.js has.
 */
export function answerQuestions<Question>(answer: (question: Question) => Promise<unknown>): void {
  const send = (message: ProcessMessage) => process.send?.(message, undefined, undefined, () => {});
  // Ctrl-C and service managers signal whole groups: the server drains, and needs its answers until then.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ question, memoryBytes }: ProcessRequest) => {
    const watch = setInterval(() => {
      if (process.memoryUsage.rss() > memoryBytes) process.exit(OUT_OF_MEMORY);
    }, LOOK_EVERY_MS);
    const said = await answer(question as Question).then((value) => ({ answer: value }), failureOf);
    clearInterval(watch);
    send({ ...said, residentBytes: process.memoryUsage.rss() });
  });
  send({ ready: true });
}

function failureOf(error: unknown): ProcessAnswer {
  if (error instanceof FiledeskError) {
    const { code, message, details } = error;
    return { refusal: { code, message, details } };
  }
  const { message, code } = error as NodeJS.ErrnoException;
  return { failure: { message, code } };
}
