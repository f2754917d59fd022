/** The viewer that a URL is signed for. It is valid no longer than their session, if it names one. */
export interface SignedFor {
  readonly id: string;
  readonly sessionId?: string;
}

/** How a signature names such a viewer. Ids contain no dots. */
export const writeSignedFor = ({ id, sessionId }: SignedFor): string =>
  sessionId === undefined ? id : `${id}.${sessionId}`;

/** Parses what `writeSignedFor` wrote. */
export function readSignedFor(text: string): SignedFor {
  const [id = "", sessionId] = text.split(".");
  return sessionId === undefined ? { id } : { id, sessionId };
}
