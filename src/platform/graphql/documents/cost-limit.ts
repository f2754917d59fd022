import type { PricedOperation } from "./operation-cost.js";
import { costOfOperation } from "./operation-cost.js";
import { tooComplex } from "./refusals.js";

/** The share of the cost limit of queries that applies to events, which are sent repeatedly and to many. */
const EVENT_SHARE = 1 / 20;
/** Minimum limit for events, so that the subscriptions of `/events` always pass. */
const MIN_EVENT_COST = 100;

/** The cost limit of an event, derived from that of queries. */
export const eventCost = (limit: number): number =>
  Math.min(limit, Math.max(MIN_EVENT_COST, Math.floor(limit * EVENT_SHARE)));

/** @throws GraphQLError QUERY_TOO_COMPLEX for an operation whose answer costs more than `limit` */
export function limitCost(operation: PricedOperation, limit: number): void {
  const cost = Math.ceil(costOfOperation(operation));
  if (cost > limit)
    throw tooComplex(
      `This operation costs ${cost}, and ${limit} is allowed: request smaller pages or fewer levels.`,
      { limit, actual: cost },
    );
}
