/** Something that the server must not do. */
export interface Suspicion {
  readonly kind: "crash" | "answer" | "log" | "block" | "left behind" | "memory";
  readonly what: string;
  /** The numbers of the cases that may have caused it. */
  readonly cases: readonly number[];
}

export interface Finding extends Suspicion {
  /** Whether one of the cases does it again when it is alone. */
  readonly isReproduced: boolean;
  /** The shortest input that was found to do it. */
  readonly input?: { readonly how: unknown; readonly bytes: Buffer };
}

/** The same for findings that have the same reason: without what differs from case to case. */
export const signatureOf = ({ kind, what }: Suspicion): string =>
  `${kind}: ${what
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "#")
    .replace(/"(?:time|reqId|pid|hostname|requestId)":"?[^",]*"?/g, "")
    .replace(/\d+/g, "0")
    .slice(0, 160)}`;
