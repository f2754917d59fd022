import { FiledeskError } from "../../../kernel/errors.js";

/** A permanent failure, caused by the file's own bytes. */
export class Unrenderable extends Error {
  override readonly name = "Unrenderable";
}

/** Messages about the machine, not about the image. */
const TRANSIENT = /out of memory|allocat|insufficient memory|No space left|Too many open files/i;

/**
 * Classifies a failure of the decoder. What it says about the image is permanent, including that it is too large or
 * takes too long; a lack of resources and errors of the operating system are temporary.
 */
export function classifyDecoderError(error: unknown): unknown {
  const { message, code } = error as NodeJS.ErrnoException;
  const isOwnRefusal = error instanceof FiledeskError;
  const isTransient = !isOwnRefusal && (code !== undefined || TRANSIENT.test(message));
  return isTransient ? error : new Unrenderable(message, { cause: error });
}
