import type { FastifyRequest } from "fastify";
import type { FairTurns } from "../../../kernel/fair-turns.js";
import type { ConnectionSlots } from "../../http/connections/connection-slots.js";
import type { UnreadBudget } from "../../http/connections/unread-budget.js";
import type { RequestContext } from "../context.js";
import type { Subscriptions } from "./subscriptions.js";

/** Somebody who may open a connection that stays open. */
export interface Gateway<Viewer> {
  readonly viewer: Viewer;
  /** The same for every connection of the same viewer. */
  readonly key: string;
  /** In whose turns subscriptions of this viewer are opened. */
  readonly share: string;
  /** When what was shown at the door ends, and the connection with it. */
  readonly endsAt: Date | null;
}

/** What all doors of realtime stand on. */
export interface Realtime<Viewer> {
  readonly subscriptions: Subscriptions<Viewer>;
  readonly slots: ConnectionSlots;
  /** Turns in which subscriptions are opened, each by several statements: a thousand at once leave others the database. */
  readonly openings: FairTurns;
  /** What may wait in memory for those who read slowly. */
  readonly unread: UnreadBudget;
  /** Who comes with this access token; null for nobody we know. */
  enter(token: string | null): Promise<Gateway<Viewer> | null>;
  /** What the context of every event has from the request that opened the connection. */
  requestOf(request: FastifyRequest): Pick<RequestContext<Viewer>, "baseUrl" | "clientAddress">;
  /** How often a sign of life is sent, and one is asked for. */
  readonly heartbeatMs: number;
  /** How long a client may take to read what is sent to it; by default 15 seconds. */
  readonly patienceMs?: number;
}

export const PATIENCE_MS = 15_000;
