import type { FileTypeName } from "../../file-types.js";
import type { TextCharset } from "./text-encoding.js";

/**
 * What the content turned out to be: a known type, for a text with how it is written, or what no bucket takes, in
 * words ("an executable program").
 */
export type Recognition =
  | { readonly type: FileTypeName; readonly text?: TextCharset }
  | { readonly refused: string };
