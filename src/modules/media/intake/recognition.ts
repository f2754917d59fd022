import type { FileTypeName } from "../file-types.js";

/** What the content turned out to be: a known type, or what no bucket takes, in words ("an executable program"). */
export type Recognition = { readonly type: FileTypeName } | { readonly refused: string };
