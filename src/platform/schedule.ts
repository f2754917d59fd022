import type { Logger } from "pino";

export interface RecurringTask {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<unknown>;
}

/** Runs tasks at once and again at their intervals, never twice at the same time; a failure is logged and tried again. */
export function startSchedule(tasks: readonly RecurringTask[], log: Logger): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const loops = tasks.map((task) => repeat(task, log, stopped.signal));
  return {
    async stop() {
      stopped.abort();
      await Promise.all(loops);
    },
  };
}

async function repeat(task: RecurringTask, log: Logger, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    try {
      const result = await task.run();
      log.debug({ task: task.name, result }, "task done");
    } catch (error) {
      log.error({ err: error, task: task.name }, "task failed");
    }
    await pause(task.everyMs, stopped);
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
