import { isErrno } from "../../kernel/errno.js";
import { reasonForOperator } from "../../kernel/errors.js";

/** SQLSTATEs (PostgreSQL Appendix A), told by their codes alone, as below. */
const NO_SUCH_DATABASE = "3D000";
const NOT_LET_IN = ["28000", "28P01"];

/** What went wrong, for the operator: what the system says in a code, with the setting that it is about. */
export function describeFault(fault: Error): string {
  const error = reasonForOperator(reasonOf(fault));
  if (isErrno(error, "EADDRINUSE"))
    return `Another program listens on this port already (${error.message}). Stop it, or set PORT to another one.`;
  if (
    isErrno(error, "EADDRNOTAVAIL", "ENOTFOUND", "EACCES") &&
    "syscall" in error &&
    error.syscall === "listen"
  )
    return `The server cannot listen there (${error.message}). Set HOST and PORT.`;
  if (isErrno(error, "ECONNREFUSED", "ENOTFOUND", "CONNECT_TIMEOUT"))
    return `The database cannot be reached (${error.message}). Check DATABASE_URL.`;
  if (isErrno(error, NO_SUCH_DATABASE))
    return `There is no such database (${error.message}). Check DATABASE_URL, or create the database.`;
  if (isErrno(error, ...NOT_LET_IN))
    return `Postgres does not let us in (${error.message}). Check user and password in DATABASE_URL.`;
  const place = "path" in error ? ` (${error.path})` : "";
  if (isErrno(error, "EROFS"))
    return `The data folder is on a file system that is mounted read-only${place}. Mount it for writing, or set FILEDESK_DATA to another folder.`;
  if (isErrno(error, "EACCES", "EPERM"))
    return `The data folder may not be written by this user${place}. Give the folder to whoever runs Filedesk, or set FILEDESK_DATA to another one.`;
  // What Node says of a folder that it could not make with those above it, whatever the reason.
  if (isErrno(error, "ENOENT") && "syscall" in error && error.syscall === "mkdir")
    return `The data folder cannot be made${place}: what is above it is missing or cannot be written. Make it, or set FILEDESK_DATA to another one.`;
  if (isErrno(error, "ENOSPC", "EDQUOT"))
    return `The disk is full${place}. Make room for FILEDESK_DATA, or set it to a folder on another disk.`;
  if (isErrno(error, "EMFILE", "ENFILE"))
    return "Too few files may be open at once. Raise the limit (`ulimit -n`, LimitNOFILE) to 1024 or more.";
  // An expected failure is explained by its message; a bug needs its stack.
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isBug ? (error.stack ?? error.message) : error.message;
}

/**
 * Of a statement that failed only the reason is of use: its text says nothing to an operator, and its parameters may be
 * secret. Drizzle's error is told by its shape, because to load Drizzle takes commands longer that do without.
 */
const reasonOf = (fault: Error): Error =>
  "query" in fault && "params" in fault && fault.cause instanceof Error ? fault.cause : fault;
