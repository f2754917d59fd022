const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "its name could not be resolved",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it broke the connection",
  EPIPE: "it broke the connection",
  ETIMEDOUT: "it did not answer",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
};

/** Why a host cannot be reached, in words that complete "it cannot be reached". */
export const reasonOfFault = ({ code = "", message }: NodeJS.ErrnoException): string =>
  REASONS[code] ?? (message || code);

/** Whether it is the end of a request that took too long, or was given up. */
export const isAborted = ({ name }: Error): boolean => name === "TimeoutError" || name === "AbortError";
