import type { FormattedExecutionResult } from "graphql";
import { EVENT_STREAM, serverSentEvent } from "../../http/connections/event-stream.js";
import type { StreamFraming } from "../../http/connections/streamed-answer.js";
import { jsonOf } from "./shared-results.js";
import type { SubscriptionFailure } from "./subscriptions.js";

/** The format in which a subscription is streamed in the response to its request. */
export interface SubscriptionProtocol {
  readonly framing: StreamFraming;
  result(result: FormattedExecutionResult): string;
  /** The final message, after which clients do not reconnect. */
  failure(errors: SubscriptionFailure["errors"]): string;
}

/**
 * GraphQL over Server-Sent Events, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md).
 */
const serverSentEvents: SubscriptionProtocol = {
  framing: EVENT_STREAM,
  result: (result) => serverSentEvent({ event: "next", data: jsonOf(result) }),
  failure: (errors) =>
    serverSentEvent({ event: "next", data: JSON.stringify({ errors }) }) +
    serverSentEvent({ event: "complete", data: "" }),
};

/** Clients parse a part when they have received the boundary after it: each part is sent with its closing boundary. */
const BOUNDARY = "\r\n--graphql";
const part = (json: string) => `\r\ncontent-type: application/json\r\n\r\n${json}${BOUNDARY}`;

/**
 * Apollo's multipart subscriptions over HTTP
 * (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).
 */
const multipart: SubscriptionProtocol = {
  framing: {
    contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
    opening: BOUNDARY,
    heartbeat: part("{}"),
  },
  result: (result) => part(`{"payload":${jsonOf(result)}}`),
  failure: (errors) => `${part(JSON.stringify({ payload: { errors } }))}--\r\n`,
};

/** Media types that ask for a single response. */
const SINGLE_RESPONSE = /^(?:application\/(?:graphql-response\+)?json|\*\/\*|application\/\*)$/;

/**
 * The protocol that a request's `Accept` prefers; null if it prefers a single response. Some clients list streams after
 * JSON in every request (urql); clients that subscribe list them first (RFC 9110 §12.5.1).
 */
export function subscriptionProtocol(accept: string | undefined): SubscriptionProtocol | null {
  for (const { type, parameters } of rangesOf(accept ?? "")) {
    if (type === "text/event-stream") return serverSentEvents;
    if (type === "multipart/mixed" && parameters.get("subscriptionspec") === "1.0") return multipart;
    if (SINGLE_RESPONSE.test(type)) return null;
  }
  return null;
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The media ranges of an `Accept` header, in order of preference. `negotiator` does not return parameters, and does not
 * match a range with a parameter that is not offered, such as Apollo Client's `boundary`.
 */
function rangesOf(accept: string): MediaRange[] {
  const ranges = accept.split(",").map((range) => {
    const [type = "", ...rest] = range.split(";").map((piece) => piece.trim().toLowerCase());
    const pairs = rest.map((piece): [string, string] => {
      const [name = "", value = ""] = piece.split("=", 2);
      return [name.trim(), value.trim().replace(/^"(.*)"$/, "$1")];
    });
    return { type, parameters: new Map(pairs) };
  });
  const quality = ({ parameters }: MediaRange) => Number(parameters.get("q") ?? 1) || 0;
  return ranges.filter((range) => quality(range) > 0).sort((one, other) => quality(other) - quality(one));
}
