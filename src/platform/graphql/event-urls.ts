import type { FeedViewer } from "../events/feed.js";
import type { UrlSigner } from "../http/signed-url.js";
import type { RequestContext } from "./context.js";

export const EVENTS_PATH = "/events";

/** What a topic's URL is signed for. */
export const eventResource = (topic: string): string => `events/${topic}`;

type Asking = Pick<RequestContext<FeedViewer>, "viewer" | "baseUrl">;

export type EventUrls = ReturnType<typeof createEventUrls>;

/** Makes the URLs of event streams, for clients such as a browser's `EventSource`, which cannot send a token. */
export const createEventUrls = (signer: Pick<UrlSigner, "signQuery">) => ({
  /** Absolute, and signed for the viewer who asks. */
  ofTopic: ({ viewer, baseUrl }: Asking, kind: string, id: string): string => {
    const topic = `${kind}:${id}`;
    const url = `${baseUrl}${EVENTS_PATH}?topic=${topic}`;
    return viewer.id === undefined ? url : `${url}&${signer.signQuery(eventResource(topic), viewer.id)}`;
  },
});

/** How the schema says what such a URL is good for. */
export const EVENTS_URL =
  "signed for this viewer: open it with a browser's `EventSource`, with `&after=` and a cursor behind it to have what was missed first. Good for about an hour; ask for another when it is closed.";
