/** Whether this process has been asked to stop, by SIGTERM or by Ctrl-C. */
export interface StopRequest {
  /** Aborted by the first of them. */
  readonly signal: AbortSignal;
  /** Stops listening: the caller handles the signals from now on. */
  release(): void;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** 128 + SIGINT, as a shell counts. */
const ENDED_AT_ONCE = 130;

/** One for the process, as its signals are. */
let ofProcess: StopRequest | undefined;

/**
 * Listens to the signals that ask this process to stop, from the first call on: `main.ts` makes it before anything
 * else is loaded, because a signal that nobody listens to ends a process without a word. A second one ends it at once.
 */
export function stopRequest(): StopRequest {
  ofProcess ??= listen();
  return ofProcess;
}

function listen(): StopRequest {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(ENDED_AT_ONCE);
    stop.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: stop.signal,
    release() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
