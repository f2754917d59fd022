import type { PricedOperation } from "./operation-cost.js";
import { costOfOperation } from "./operation-cost.js";
import { tooComplex } from "./refusals.js";

/** Of what a query may cost, an event's answer may have the twentieth part: it is sent again and again, to many. */
const EVENT_SHARE = 1 / 20;
/** Whatever queries may cost: what is told by the streams of `/events` has to pass. */
const LEAST_EVENT_COST = 100;

/** What what is told of one event may cost, where a query may cost `limit`. */
export const eventCost = (limit: number): number =>
  Math.min(limit, Math.max(LEAST_EVENT_COST, Math.floor(limit * EVENT_SHARE)));

/** @throws GraphQLError QUERY_TOO_COMPLEX for an operation whose answer costs more than `limit` */
export function limitCost(operation: PricedOperation, limit: number): void {
  const cost = Math.ceil(costOfOperation(operation));
  if (cost > limit)
    throw tooComplex(
      `This operation costs ${cost}, and ${limit} is allowed: ask for smaller pages or fewer levels.`,
      { limit, actual: cost },
    );
}
