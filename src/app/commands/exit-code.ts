/** What a script learns from a command's end. They stand in `filedesk --help`. */
export const ExitCode = {
  /** All is well. */
  OK: 0,
  /** The command could not do its work. */
  FAILED: 1,
  /** It did its work, and something of what it worked on failed, or is not as it should be. */
  FINDINGS: 2,
  /** It was called in a wrong way (EX_USAGE of sysexits.h). */
  USAGE: 64,
  /** Ctrl-C: 128 + SIGINT. */
  INTERRUPTED: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
