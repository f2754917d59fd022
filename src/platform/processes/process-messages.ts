import type { ErrorCode, ErrorDetails } from "../../kernel/errors.js";

/** What a pool sends to its process. */
export interface ProcessRequest {
  readonly question: unknown;
  readonly memoryBytes: number;
}

/** What a process sends to its pool. */
export type ProcessMessage = { readonly ready: true } | (ProcessAnswer & { readonly residentBytes: number });

/** What comes of a question. Errors are sent by their parts: they do not survive the way as objects. */
export type ProcessAnswer =
  | { readonly answer: unknown }
  | {
      readonly refusal: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly details: ErrorDetails;
      };
    }
  | { readonly failure: { readonly message: string; readonly code?: string | undefined } };

/** The exit code of a process that has taken more memory than its question may. */
export const OUT_OF_MEMORY = 77;
