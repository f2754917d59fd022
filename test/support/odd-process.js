import { FiledeskError } from "../../dist/kernel/errors.js";
import { answerQuestions } from "../../dist/platform/processes/answer-questions.js";

/** A process of a pool that does what it is asked to, bad things too. */
const kept = [];

answerQuestions(async (question) => {
  if (question === "loop") for (;;);
  if (question === "hang") await new Promise(() => {});
  if (question === "exit") process.exit(3);
  if (question === "crash") process.kill(process.pid, "SIGSEGV");
  if (question === "allocate")
    for (;;) {
      kept.push(Buffer.alloc(16 * 1024 ** 2, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  if (question === "bloat") kept.push(Buffer.alloc(300 * 1024 ** 2, 1));
  if (question === "refuse") throw new FiledeskError("CORRUPT_FILE", "No.", { limit: 7 });
  if (question === "fail") throw Object.assign(new Error("No space"), { code: "ENOSPC" });
  return { pid: process.pid, question, environment: Object.keys(process.env) };
});
