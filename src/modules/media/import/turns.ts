/** Runs the work of each queue in the order in which it was asked for, one after the other; without a queue, at once. */
export function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async (queue: string | null, work: () => Promise<void>): Promise<void> => {
    if (queue === null) return work();
    const turn = (last.get(queue) ?? Promise.resolve()).then(work);
    const ended = turn.catch(() => {});
    last.set(queue, ended);
    try {
      await turn;
    } finally {
      if (last.get(queue) === ended) last.delete(queue);
    }
  };
}
