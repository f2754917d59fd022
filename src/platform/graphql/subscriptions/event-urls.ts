import type { FeedViewer } from "../../events/feed/feed.js";
import type { UrlSigner } from "../../http/files/signed-url.js";
import type { RequestContext } from "../context.js";

export const EVENTS_PATH = "/events";

/** What a topic's URL is signed for. */
export const eventResource = (topic: string): string => `events/${topic}`;

/** Whom a URL is given to: it is good for as long as their session, where they have one. */
export interface SignedFor {
  readonly id: string;
  readonly sessionId?: string;
}

interface Asking extends Pick<RequestContext<unknown>, "baseUrl"> {
  readonly viewer: FeedViewer & Partial<SignedFor>;
}

export type EventUrls = ReturnType<typeof createEventUrls>;

/** Makes the URLs of event streams, for clients such as a browser's `EventSource`, which cannot send a token. */
export const createEventUrls = (signer: Pick<UrlSigner, "signQuery">) => ({
  /** Absolute, and signed for the viewer who asks. */
  ofTopic: ({ viewer, baseUrl }: Asking, kind: string, id: string): string => {
    const topic = `${kind}:${id}`;
    const url = `${baseUrl}${EVENTS_PATH}?topic=${topic}`;
    const { id: viewerId, sessionId } = viewer;
    if (viewerId === undefined) return url;
    const signedFor = sessionId === undefined ? viewerId : `${viewerId}.${sessionId}`;
    return `${url}&${signer.signQuery(eventResource(topic), signedFor)}`;
  },
});

/** Whom the signature of such a URL names: ids have no dots in them. */
export function readSignedFor(text: string): SignedFor {
  const [id = "", sessionId] = text.split(".");
  return sessionId === undefined ? { id } : { id, sessionId };
}

/** How the schema says what such a URL is good for. */
export const EVENTS_URL =
  "signed for this viewer: open it with the `EventSource` of a browser. Append `&after=` and a cursor to get later events first. Valid for about an hour, and no longer than the session; query a new one when the stream ends.";
