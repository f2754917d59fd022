/**
 * Passes on the results of lines in the order in which the lines began, whichever ends first. Results that wait for an
 * earlier line are held in memory.
 */
export function createLineOrder<Result>(handOn: (result: Result) => Promise<void>) {
  const lines = new Map<number, { hasEnded: boolean; result: Result | null }>();
  return {
    begin(line: number): void {
      lines.set(line, { hasEnded: false, result: null });
    },
    /** @param result null: nothing to pass on */
    async end(line: number, result: Result | null): Promise<void> {
      lines.set(line, { hasEnded: true, result });
      const ready: Result[] = [];
      for (const [first, state] of lines) {
        if (!state.hasEnded) break;
        lines.delete(first);
        if (state.result !== null) ready.push(state.result);
      }
      await Promise.all(ready.map(handOn));
    },
  };
}
