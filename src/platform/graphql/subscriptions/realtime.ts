import type { FastifyRequest } from "fastify";
import type { FairTurns } from "../../../kernel/fair-turns.js";
import type { ConnectionSlots } from "../../http/connections/connection-slots.js";
import type { UnreadBudget } from "../../http/connections/unread-budget.js";
import type { RequestContext } from "../context.js";
import type { Subscriptions } from "./subscriptions.js";

/** The result of authenticating a long-lived connection. */
export interface Authentication<Viewer> {
  readonly viewer: Viewer;
  /** The same for every connection of the same viewer. */
  readonly key: string;
  /** The key by which this viewer's subscriptions take turns to be opened. */
  readonly share: string;
  /** When the credentials expire, and the connection with them; null if they do not. */
  readonly endsAt: Date | null;
}

/** What all realtime endpoints share. */
export interface Realtime<Viewer> {
  readonly subscriptions: Subscriptions<Viewer>;
  readonly slots: ConnectionSlots;
  /**
   * Limits how many subscriptions are opened at once, each of which takes several statements, so that others still get
   * database connections.
   */
  readonly openingTurns: FairTurns;
  /** Limits the memory for data that clients have not read yet. */
  readonly unread: UnreadBudget;
  /** Authenticates an access token; null if it is not valid. */
  authenticate(token: string | null): Promise<Authentication<Viewer> | null>;
  /** The part of every event's context that comes from the request that opened the connection. */
  requestOf(request: FastifyRequest): Pick<RequestContext<Viewer>, "baseUrl" | "clientAddress">;
  /** Interval of heartbeats and pings. */
  readonly heartbeatMs: number;
  /** How long a client may leave sent data unread; 15 seconds by default. */
  readonly readTimeoutMs?: number;
}

export const READ_TIMEOUT_MS = 15_000;
