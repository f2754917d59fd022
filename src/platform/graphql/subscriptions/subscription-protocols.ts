import type { FormattedExecutionResult } from "graphql";
import { EVENT_STREAM, serverSentEvent } from "../../http/connections/event-stream.js";
import type { StreamFraming } from "../../http/connections/streamed-answer.js";
import { jsonOf } from "./shared-results.js";
import type { SubscriptionFailure } from "./subscriptions.js";

/** How a subscription is told in the answer to its own request. */
export interface SubscriptionProtocol {
  readonly framing: StreamFraming;
  result(result: FormattedExecutionResult): string;
  /** What is told last, after which clients do not ask again. */
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

/** Clients read a part when they have seen the boundary behind it: each part is sent with the one that follows. */
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

/** What is preferred to the stream's media types is answered in one piece. */
const IN_ONE_PIECE = /^(?:application\/(?:graphql-response\+)?json|\*\/\*|application\/\*)$/;

/**
 * The protocol that a request's `Accept` prefers; null when it prefers an answer in one piece. Some clients name streams
 * behind JSON in every request (urql), and those that subscribe name them first (RFC 9110 §12.5.1).
 */
export function subscriptionProtocol(accept: string | undefined): SubscriptionProtocol | null {
  for (const { type, parameters } of rangesOf(accept ?? "")) {
    if (type === "text/event-stream") return serverSentEvents;
    if (type === "multipart/mixed" && parameters.get("subscriptionspec") === "1.0") return multipart;
    if (IN_ONE_PIECE.test(type)) return null;
  }
  return null;
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The media ranges of an `Accept` header, what is preferred first. `negotiator` gives no parameters, and takes a range with
 * one that is not offered, such as Apollo Client's `boundary`, for another type.
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
