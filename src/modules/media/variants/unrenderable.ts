import { FiledeskError } from "../../../kernel/errors.js";

/** What a file's own bytes make impossible: trying again would end in the same way. */
export class Unrenderable extends Error {
  override readonly name = "Unrenderable";
}

/** Of the machine, not of the picture. */
const TRANSIENT = /out of memory|allocat|insufficient memory|No space left|Too many open files/i;

/**
 * Judges a failure of the decoder: what it says of a picture stands for good, also that it is too large or takes too
 * long; what the machine lacked at the moment, and what comes with a code of the operating system, may be there the
 * next time.
 */
export function classifyDecoderError(error: unknown): unknown {
  const { message, code } = error as NodeJS.ErrnoException;
  const isOwnRefusal = error instanceof FiledeskError;
  const isTransient = !isOwnRefusal && (code !== undefined || TRANSIENT.test(message));
  return isTransient ? error : new Unrenderable(message, { cause: error });
}
