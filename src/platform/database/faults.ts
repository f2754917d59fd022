import postgres from "postgres";

/** Drizzle wraps what the driver throws. */
const driverError = (error: unknown): unknown =>
  error instanceof Error && error.cause ? error.cause : error;

/** The SQLSTATE of an error that Postgres answered with (PostgreSQL Appendix A), else null. */
export function sqlState(error: unknown): string | null {
  const cause = driverError(error);
  return cause instanceof postgres.PostgresError ? cause.code : null;
}

/** The transaction of the statement has failed with it. */
export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === "23505";

/** Postgres has cancelled the statement after its timeout. */
export const tookTooLong = (error: unknown): boolean => sqlState(error) === "57014";

/** Two transactions waited for each other, and Postgres has aborted this one. */
export const isDeadlock = (error: unknown): boolean => sqlState(error) === "40P01";

export const isForeignKeyViolation = (error: unknown): boolean => sqlState(error) === "23503";

const UNSTORABLE: Readonly<Record<string, string>> = {
  "22021": "A text cannot contain the character NUL (U+0000).",
  "22P05": "A text cannot contain half of a surrogate pair.",
  "22P02": "A value cannot be stored: it is malformed, or contains half of a surrogate pair.",
  "22007": "A date is outside of the years 1 to 9999.",
  "22008": "A date is outside of the years 1 to 9999.",
  "22009": "A date is outside of the years 1 to 9999.",
};

/** The error message for a value that cannot be stored in a column; null for other errors. */
export const unstorableValue = (error: unknown): string | null => UNSTORABLE[sqlState(error) ?? ""] ?? null;

/** Whether the connection was lost. Postgres may report a fatal error before it closes the connection. */
export function connectionBroke(error: unknown): boolean {
  const cause = driverError(error);
  if (cause instanceof postgres.PostgresError)
    return cause.severity_local === "FATAL" || cause.severity === "FATAL" || cause.severity === "PANIC";
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return false;
  return typeof cause.code === "string" && /^(CONNECTION_|CONNECT_|E[A-Z]+$)/.test(cause.code);
}

/**
 * Whether a statement failed only because the database was unreachable, shutting down or out of resources, so that a
 * retry may succeed (PostgreSQL Appendix A, classes 53, 57 and 58).
 */
export const databaseIsAway = (error: unknown): boolean =>
  connectionBroke(error) || /^5[378]/.test(sqlState(error) ?? "");

/** The session takes no writes, because its host is a standby. */
export const isReadOnly = (error: unknown): boolean => sqlState(error) === "25006";

/** The error for a connection to a host that is of no use, such as a standby. */
export const takesNoWrites = () =>
  Object.assign(new Error("this Postgres takes no writes: it is a standby"), {
    code: "CONNECTION_READ_ONLY",
  });

/** The error for statements on a lost connection. */
export const connectionLost = () =>
  Object.assign(new Error("the connection to Postgres was lost"), { code: "CONNECTION_CLOSED" });

/**
 * Whether a transaction that failed may have been committed. Only a lost connection leaves that open: an error from
 * Postgres or from our own code precedes the commit.
 */
export const commitIsInDoubt = (error: unknown): boolean =>
  !(driverError(error) instanceof postgres.PostgresError) && connectionBroke(error);
