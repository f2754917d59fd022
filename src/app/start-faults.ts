import { isErrno } from "../platform/storage/errno.js";

/** What went wrong, for the operator: what the system says in a code, with the setting that it is about. */
export function inWords(error: Error): string {
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
  // A failure has something to say to the operator; a bug in ours has to say where it is.
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isBug ? (error.stack ?? error.message) : error.message;
}
