import type { Subscribe } from "../events/feed/channel.js";
import type { RequestSlots } from "./read-slots.js";

/** The context of every resolver. The modules define what a viewer is. */
export interface RequestContext<Viewer> {
  readonly viewer: Viewer;
  readonly requestId: string;
  /** Base of absolute URLs in responses, without a trailing slash. */
  readonly baseUrl: string;
  /** The network address of the client, as reported by trusted proxies. */
  readonly clientAddress: string;
  /** The `User-Agent` header of the client; absent where it is not needed. */
  readonly userAgent?: string | null;
  /** `Content-Length` of a request with files, in bytes; null if it was not sent. */
  readonly requestBytes: number | null;
  /** The number of files of the request; absent where it can have none. */
  readonly requestFiles?: number;
  /**
   * Reads the rest of its body if that is little, and resolves to whether it has been read to its end; absent without
   * files.
   */
  readonly readRest?: (() => Promise<boolean>) | undefined;
  /**
   * The same object for all subscribers of one event batch: lookups that do not depend on the viewer are shared by it.
   */
  readonly shared?: object;
  /** The slots in which a query's reads run; absent for events, whose subscribers are limited. */
  readonly reads?: RequestSlots;
}

/** The context of subscription resolvers. */
export interface SubscriptionContext<Viewer> extends RequestContext<Viewer> {
  readonly subscribe: Subscribe<Viewer>;
}
