/** Exit codes of commands, documented in `filedesk --help`. */
export const ExitCode = {
  /** Success. */
  OK: 0,
  /** The command failed. */
  FAILED: 1,
  /** The command succeeded, but some items failed or have findings. */
  FINDINGS: 2,
  /** Wrong usage (EX_USAGE of sysexits.h). */
  USAGE: 64,
  /** Ctrl-C: 128 + SIGINT. */
  INTERRUPTED: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
