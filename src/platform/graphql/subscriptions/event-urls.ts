import type { FeedViewer } from "../../events/feed/feed.js";
import type { UrlSigner } from "../../http/files/signed-url.js";
import type { RequestContext } from "../context.js";

export const EVENTS_PATH = "/events";

/** What a topic's URL is signed for. */
export const eventResource = (topic: string): string => `events/${topic}`;

/** The viewer that a URL is signed for. It is valid no longer than their session, if they have one. */
export interface SignedFor {
  readonly id: string;
  readonly sessionId?: string;
}

interface SigningContext extends Pick<RequestContext<unknown>, "baseUrl"> {
  readonly viewer: FeedViewer & Partial<SignedFor>;
}

export type EventUrls = ReturnType<typeof createEventUrls>;

/** Makes the URLs of event streams, for clients such as a browser's `EventSource`, which cannot send a token. */
export const createEventUrls = (signer: Pick<UrlSigner, "signQuery">) => ({
  /** An absolute URL, signed for the viewer of the request. */
  ofTopic: ({ viewer, baseUrl }: SigningContext, kind: string, id: string): string => {
    const topic = `${kind}:${id}`;
    const url = `${baseUrl}${EVENTS_PATH}?topic=${topic}`;
    const { id: viewerId, sessionId } = viewer;
    if (viewerId === undefined) return url;
    const signedFor = sessionId === undefined ? viewerId : `${viewerId}.${sessionId}`;
    return `${url}&${signer.signQuery(eventResource(topic), signedFor)}`;
  },
});

/** Parses the viewer of such a URL's signature. Ids contain no dots. */
export function readSignedFor(text: string): SignedFor {
  const [id = "", sessionId] = text.split(".");
  return sessionId === undefined ? { id } : { id, sessionId };
}

/** The description of such a URL in the schema. */
export const EVENTS_URL =
  "signed for this viewer: open it with the `EventSource` of a browser. Append `&after=` and a cursor to get later events first. Valid for about an hour, and no longer than the session; query a new one when the stream ends.";
