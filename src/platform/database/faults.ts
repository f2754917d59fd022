import postgres from "postgres";

/** Drizzle wraps what the driver throws. */
const driverError = (error: unknown): unknown =>
  error instanceof Error && error.cause ? error.cause : error;

/** The SQLSTATE of an error that Postgres answered with (PostgreSQL Appendix A), else null. */
export function sqlState(error: unknown): string | null {
  const cause = driverError(error);
  return cause instanceof postgres.PostgresError ? cause.code : null;
}

/** It ends the transaction that the statement is in. */
export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === "23505";

/** Postgres has cancelled the statement: it took longer than statements may. */
export const tookTooLong = (error: unknown): boolean => sqlState(error) === "57014";

/** Two transactions waited for each other, and Postgres has ended this one. */
export const isDeadlock = (error: unknown): boolean => sqlState(error) === "40P01";

export const isForeignKeyViolation = (error: unknown): boolean => sqlState(error) === "23503";

const UNSTORABLE: Readonly<Record<string, string>> = {
  "22021": "A text cannot hold the character NUL (U+0000).",
  "22P05": "A text cannot hold half of a surrogate pair.",
  "22P02":
    "A text here cannot be stored: it has not the form of its kind, or holds half of a surrogate pair.",
  "22007": "A date here lies outside of the years 1 to 9999.",
  "22008": "A date here lies outside of the years 1 to 9999.",
  "22009": "A date here lies outside of the years 1 to 9999.",
};

/** What is wrong with a value that a client gave and that no column can hold; null when that was not the matter. */
export const unstorableValue = (error: unknown): string | null => UNSTORABLE[sqlState(error) ?? ""] ?? null;

/**
 * Whether the connection has broken off. Postgres may have said why before: a fatal error is the last that it says.
 */
export function connectionBroke(error: unknown): boolean {
  const cause = driverError(error);
  if (cause instanceof postgres.PostgresError)
    return cause.severity_local === "FATAL" || cause.severity === "FATAL" || cause.severity === "PANIC";
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return false;
  return typeof cause.code === "string" && /^(CONNECTION_|CONNECT_|E[A-Z]+$)/.test(cause.code);
}

/**
 * Whether a statement failed only because the database was away, was stopping, or had no room just now: the same may
 * succeed in a moment (PostgreSQL Appendix A, classes 53, 57 and 58).
 */
export const databaseIsAway = (error: unknown): boolean =>
  connectionBroke(error) || /^5[378]/.test(sqlState(error) ?? "");

/** Nothing is sent on a connection that has broken off. */
export const connectionLost = () =>
  Object.assign(new Error("the connection to Postgres has broken off"), { code: "CONNECTION_CLOSED" });

/**
 * Whether a transaction that failed may have been committed all the same. Only a connection that broke leaves
 * that open: an error that Postgres answered, or that our own code threw, came before the commit.
 */
export const commitIsInDoubt = (error: unknown): boolean =>
  !(driverError(error) instanceof postgres.PostgresError) && connectionBroke(error);
