/**
 * Whether an error comes from the operating system with one of these codes (`ENOENT`, `EXDEV`, …).
 * It is told by its code alone: the errors of another realm are no instances of this one's `Error`.
 */
export const isErrno = (error: unknown, ...codes: readonly string[]): boolean =>
  typeof error === "object" && error !== null && "code" in error && codes.includes(String(error.code));
