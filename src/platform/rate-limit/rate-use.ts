/** The state of a rate limit after a request has been counted, or refused. */
export interface RateUse {
  /** The name of what is limited. */
  readonly policy: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Whole seconds until the window ends. */
  readonly resetSeconds: number;
}
