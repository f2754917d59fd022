import { MINUTE_MS } from "../../../kernel/clock.js";
import { isErrno } from "../../../kernel/errno.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { sqlState } from "../../database/faults.js";

type Fault = "disk full" | "disk read-only" | "too few descriptors" | "storage unavailable";

const RETRY_AFTER_SECONDS = 30;
/** SQLSTATE (PostgreSQL Appendix A). */
const DISK_FULL = "53100";

/** GraphQL wraps errors of another realm, Drizzle those of the driver. */
function causeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return "thrownValue" in error ? error.thrownValue : (error.cause ?? error);
}

function faultOf(error: unknown): Fault | null {
  const cause = causeOf(error);
  if (isStorageFault(error) || isStorageFault(cause)) return "storage unavailable";
  if (isErrno(cause, "ENOSPC", "EDQUOT") || sqlState(error) === DISK_FULL) return "disk full";
  if (isErrno(cause, "EROFS")) return "disk read-only";
  return isErrno(cause, "EMFILE", "ENFILE") ? "too few descriptors" : null;
}

/** Recognized by its name, because GraphQL wraps errors. */
const isStorageFault = (error: unknown): boolean => error instanceof Error && error.name === "StorageFault";

/**
 * The error for clients if the machine has run out of a resource; null for other errors. It is temporary and neither
 * the client's fault nor a bug; `retryAfter` is in whole seconds.
 */
export function resourceFailure(error: unknown): FiledeskError | null {
  switch (faultOf(error)) {
    case "disk full":
      return new FiledeskError(
        "INSUFFICIENT_STORAGE",
        "The server's disk is full. Nothing was stored. Inform the operator of the server, and try again later.",
      );
    case "disk read-only":
      return serviceUnavailable("The server cannot write files at the moment.");
    case "storage unavailable":
      return serviceUnavailable("Files can neither be read nor stored at the moment.");
    case "too few descriptors":
      return serviceUnavailable("The server has too many open files at the moment.");
    case null:
      return null;
  }
}

const serviceUnavailable = (what: string) =>
  new FiledeskError("SERVICE_UNAVAILABLE", `${what} Try again in a while.`, {
    retryAfter: RETRY_AFTER_SECONDS,
  });

const ADVICE: Readonly<Record<Fault, string>> = {
  "disk full":
    "the disk is full: uploads are refused with INSUFFICIENT_STORAGE until there is room for FILEDESK_DATA and the database",
  "disk read-only": "the disk is read-only: uploads are refused until FILEDESK_DATA can be written",
  "storage unavailable":
    "the storage of the files has failed: what needs files is refused until it is available again",
  "too few descriptors":
    "too few descriptors: requests are refused; raise the limit of open files (`ulimit -n`, LimitNOFILE)",
};

/** When each fault was last logged in this process, by `performance.now`. */
const loggedAt = new Map<Fault, number>();

export interface FaultLog {
  error(details: object, message: string): void;
}

/**
 * Logs a resource fault for the operator, at most once a minute for each kind.
 *
 * @returns whether the error is a resource fault
 */
export function logResourceFault(log: FaultLog, error: unknown): boolean {
  const fault = faultOf(error);
  if (fault === null) return false;
  const now = performance.now();
  if (now - (loggedAt.get(fault) ?? Number.NEGATIVE_INFINITY) >= MINUTE_MS) {
    loggedAt.set(fault, now);
    log.error({ err: error }, ADVICE[fault]);
  }
  return true;
}
