/** The progress of a run. */
export interface Progress {
  readonly done: number;
  /** Null if it is not known in advance. */
  readonly total: number | null;
}

/** Options of maintenance tasks, whether a job or a person starts them. */
export interface RunOptions {
  /** Whether the run only reports what it would do and changes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the run between two items. Completed items stay completed, and the next run continues. */
  readonly signal?: AbortSignal | undefined;
}
