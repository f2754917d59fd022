/** How far a run has come. */
export interface Progress {
  readonly done: number;
  /** Null where it is not known before the end. */
  readonly total: number | null;
}

/** What every run of maintenance takes, whether a job or a person has started it. */
export interface RunOptions {
  /** Reports what a run would do, and changes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the run between two items: what is done stays done, and the next run goes on. */
  readonly signal?: AbortSignal | undefined;
}
