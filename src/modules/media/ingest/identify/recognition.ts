import type { FileTypeName } from "../../file-types.js";
import type { TextCharset } from "./text-encoding.js";

/**
 * The result of identification: a known type, for a text with its charset, or in words something that no bucket accepts
 * ("an executable program").
 */
export type Recognition =
  | { readonly type: FileTypeName; readonly text?: TextCharset }
  | { readonly refused: string };
