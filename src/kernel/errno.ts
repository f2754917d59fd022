/**
 * Whether an error comes from the operating system with one of these codes (`ENOENT`, `EXDEV`, …). Only the code is
 * checked, because errors of another realm are not instances of this realm's `Error`.
 */
export const isErrno = (error: unknown, ...codes: readonly string[]): boolean =>
  typeof error === "object" && error !== null && "code" in error && codes.includes(String(error.code));
