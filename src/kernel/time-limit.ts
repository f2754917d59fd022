export interface TimeLimit {
  /** Aborted with the given signal, or by a TimeoutError. */
  readonly signal: AbortSignal;
  /** Call this when the work is settled, however it ended. */
  end(): void;
}

/**
 * Limits the time of work that a signal ends as well. Of `AbortSignal.any([signal, AbortSignal.timeout(ms)])`, Node 20
 * holds the timeout weakly: after a garbage collection it never fires. Here the timer holds what it aborts.
 */
export function limitTime(signal: AbortSignal, ms: number): TimeLimit {
  const limit = new AbortController();
  const abort = () => limit.abort(signal.reason);
  const timer = setTimeout(() => limit.abort(new DOMException("This took too long.", "TimeoutError")), ms);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return {
    signal: limit.signal,
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}
