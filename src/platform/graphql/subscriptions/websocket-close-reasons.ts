import { CloseCode } from "graphql-ws";
import { MESSAGES_PER_SECOND } from "./message-budget.js";

/** A close code and its reason, which clients log. */
export type CloseReason = readonly [code: number, reason: string];

/** Close codes after which clients reconnect and resume after their last cursor (RFC 6455 §7.4.1). */
const SERVICE_RESTART = 1012;
export const TRY_AGAIN_LATER = 1013;
/** Clients do not reconnect after this code (RFC 6455 §7.4.1), which ends a runaway loop. */
const POLICY_VIOLATION = 1008;

export const RESTART: CloseReason = [
  SERVICE_RESTART,
  "The server restarts: connect again, and resume with `after`.",
];

export const TOO_SLOW: CloseReason = [
  TRY_AGAIN_LATER,
  "You read too slowly: resume with `after`, the last cursor that you have.",
];

/** After 4500, the code for an internal error, clients would not reconnect. */
export const INTERNAL_ERROR: CloseReason = [
  TRY_AGAIN_LATER,
  "The server had an internal error: try again later.",
];

export const TOO_MANY_MESSAGES: CloseReason = [
  POLICY_VIOLATION,
  `Too many messages: send at most ${MESSAGES_PER_SECOND} per second, with occasional bursts.`,
];

export const FOREIGN_ORIGIN: CloseReason = [
  POLICY_VIOLATION,
  "Pages of this origin may not open a websocket: see CORS_ORIGINS",
];

export const INIT_TIMED_OUT: CloseReason = [
  CloseCode.ConnectionInitialisationTimeout,
  "Connection initialisation timeout",
];

/** Clients do not reconnect after 4401. After 4403 they do, with new `connectionParams`. */
export const TOKEN_MISSING: CloseReason = [
  CloseCode.Unauthorized,
  "Unauthorized: give `authorization` in the connection's parameters",
];
export const TOKEN_REFUSED: CloseReason = [
  CloseCode.Forbidden,
  "Forbidden: this access token is not valid, or not any more",
];
export const TOKEN_EXPIRED: CloseReason = [
  CloseCode.Forbidden,
  "Forbidden: the access token has expired; connect with a new one",
];
