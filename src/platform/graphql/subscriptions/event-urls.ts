import type { FeedViewer } from "../../events/feed/feed.js";
import type { SignedFor } from "../../http/files/signed-for.js";
import { writeSignedFor } from "../../http/files/signed-for.js";
import type { UrlSigner } from "../../http/files/signed-url.js";
import type { RequestContext } from "../context.js";

export const EVENTS_PATH = "/events";

/** What a topic's URL is signed for. */
export const eventResource = (topic: string): string => `events/${topic}`;

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
    const signedFor = writeSignedFor({ id: viewerId, ...(sessionId !== undefined && { sessionId }) });
    return `${url}&${signer.signQuery(eventResource(topic), signedFor)}`;
  },
});

/** The description of such a URL in the schema. */
export const EVENTS_URL =
  "signed for this viewer: open it with the `EventSource` of a browser. Append `&after=` and a cursor to get later events first. Valid for about an hour, and no longer than the session; query a new one when the stream ends.";
