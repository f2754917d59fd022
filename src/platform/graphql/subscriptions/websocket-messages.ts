import { parseMessage } from "graphql-ws";

/** Parses a client's message; null if it is not one of graphql-transport-ws. */
export function readClientMessage(text: string) {
  try {
    return parseMessage(text);
  } catch {
    return null;
  }
}

/** The credentials in the parameters of `connection_init`; case-insensitive, like a header. */
export function authorizationIn(params: Readonly<Record<string, unknown>>): string | undefined {
  const name = Object.keys(params).find((key) => key.toLowerCase() === "authorization");
  const value = name === undefined ? undefined : params[name];
  return typeof value === "string" ? value : undefined;
}

const RETRY_AFTER_SECONDS = 10;

/** The errors of a subscription that exceeds the limit of its connection. */
export function tooManySubscriptions(limit: number) {
  const message = `A connection can have at most ${limit} subscriptions: end one first.`;
  const figures = { policy: "subscriptions-at-once", limit, retryAfter: RETRY_AFTER_SECONDS };
  return [{ message, extensions: { code: "RATE_LIMITED", status: 429, ...figures } }];
}
