/** A request to stop this process, by SIGTERM or Ctrl-C. */
export interface StopRequest {
  /** Aborts at the first of these signals. */
  readonly signal: AbortSignal;
  /** Stops listening, because the caller handles the signals from now on. */
  release(): void;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** 128 + SIGINT, as in shells. */
const ENDED_AT_ONCE = 130;

/** One per process, like its signals. */
let ofProcess: StopRequest | undefined;

/**
 * Listens to the signals that stop this process, from the first call on. `main.ts` calls it before anything else is
 * loaded, because an unhandled signal ends the process at once. A second signal also ends it at once.
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
