import { isErrno } from "../../kernel/errno.js";
import { reasonForOperator } from "../../kernel/errors.js";

/** SQLSTATEs (PostgreSQL Appendix A), recognized by their codes, like system errors. */
const NO_SUCH_DATABASE = "3D000";
const ACCESS_DENIED = ["28000", "28P01"];
const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * Describes an error for the operator: error codes of the system are explained with the setting that they concern.
 *
 * @param database is the setting with the URL that was used
 */
export function describeStartError(fault: Error, database = "DATABASE_URL"): string {
  const error = reasonForOperator(reasonOf(fault));
  if (isErrno(error, "EADDRINUSE"))
    return `Another program already listens on this port (${error.message}). Stop it, or set PORT (METRICS_PORT for metrics) to another one.`;
  if (
    isErrno(error, "EADDRNOTAVAIL", "ENOTFOUND", "EACCES") &&
    "syscall" in error &&
    error.syscall === "listen"
  )
    return `The server cannot listen there (${error.message}). Set HOST and PORT.`;
  if (isErrno(error, "ECONNREFUSED", "ENOTFOUND", "CONNECT_TIMEOUT"))
    return `The database cannot be reached (${error.message}). Check ${database}.`;
  if (error.message.includes("unsupported startup parameter"))
    return `A pooler stands before the database (${error.message}). Behind PgBouncer in transaction mode set DATABASE_PREPARE=off, and DATABASE_LISTEN_URL.`;
  if (isErrno(error, NO_SUCH_DATABASE))
    return `There is no such database (${error.message}). Check ${database}, or create the database.`;
  if (isErrno(error, ...ACCESS_DENIED))
    return `Postgres refuses the sign-in (${error.message}). Check user and password in ${database}.`;
  if (isErrno(error, INSUFFICIENT_PRIVILEGE)) return lacksRight(error, database);
  const path = "path" in error ? ` (${error.path})` : "";
  if (isErrno(error, "EROFS"))
    return `The data folder is on a file system that is mounted read-only${path}. Mount it for writing, or set FILEDESK_DATA to another folder.`;
  if (isErrno(error, "EACCES", "EPERM"))
    return `The data folder cannot be written by this user${path}. Give the folder to whoever runs Filedesk, or set FILEDESK_DATA to another one.`;
  // The error of a recursive `mkdir` in Node, whatever the reason.
  if (isErrno(error, "ENOENT") && "syscall" in error && error.syscall === "mkdir")
    return `The data folder cannot be created${path}: the folder above it is missing or cannot be written. Create it, or set FILEDESK_DATA to another one.`;
  if (isErrno(error, "ENOSPC", "EDQUOT"))
    return `The disk is full${path}. Make room for FILEDESK_DATA, or set it to a folder on another disk.`;
  if (isErrno(error, "EMFILE", "ENFILE"))
    return "Too few files may be open at once. Raise the limit (`ulimit -n`, LimitNOFILE) to 1024 or more.";
  // The message explains an expected error; a bug needs its stack.
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isBug ? (error.stack ?? error.message) : error.message;
}

const lacksRight = ({ message }: Error, database: string): string =>
  database === "DATABASE_URL"
    ? `The role of DATABASE_URL lacks a right (${message}). Run filedesk migrate with DATABASE_MIGRATE_URL set to the role that owns the tables. If there is none, the role of DATABASE_URL needs the right to create schemas in the database.`
    : `The role of ${database} lacks a right (${message}). It has to own the tables, or in an empty database to have the right to create schemas and tables.`;

/**
 * The cause of a failed statement: its text does not help an operator, and its parameters may be secret. Drizzle's
 * error is recognized by its properties, so that commands need not load Drizzle.
 */
const reasonOf = (fault: Error): Error =>
  "query" in fault && "params" in fault && fault.cause instanceof Error ? fault.cause : fault;
