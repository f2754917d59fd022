import type { Subscribe } from "../events/feed/channel.js";
import type { RequestSlots } from "./read-slots.js";

/** What every resolver is given. The modules say what a viewer is. */
export interface RequestContext<Viewer> {
  readonly viewer: Viewer;
  readonly requestId: string;
  /** Base of the absolute URLs that are given out, without a slash at its end. */
  readonly baseUrl: string;
  /** The network address that the request came from, as far as trusted proxies tell it. */
  readonly clientAddress: string;
  /** What the client calls itself (`User-Agent`), as it was sent; absent where nobody asks for it. */
  readonly userAgent?: string | null;
  /** `Content-Length` of a request with files, in bytes; null when it was not given. */
  readonly requestBytes: number | null;
  /** How many files the request has; absent where it can have none. */
  readonly requestFiles?: number;
  /** Reads what is left of its body, if that is little, and resolves to whether nothing is; absent where it has no files. */
  readonly readRest?: (() => Promise<boolean>) | undefined;
  /** The same object for all who are told of one event: what does not depend on who asks, they look up together. */
  readonly shared?: object;
  /** How a query's reads get their turns at the database; events, whose readers are bounded, have none. */
  readonly reads?: RequestSlots;
}

/** What the resolvers of subscriptions are given besides. */
export interface SubscriptionContext<Viewer> extends RequestContext<Viewer> {
  readonly subscribe: Subscribe<Viewer>;
}
