import type { PricedOperation } from "./operation-cost.js";
import { costOfOperation } from "./operation-cost.js";
import { tooComplex } from "./refusals.js";

/** @throws GraphQLError QUERY_TOO_COMPLEX for an operation whose answer costs more than `limit` */
export function limitCost(operation: PricedOperation, limit: number): void {
  const cost = Math.ceil(costOfOperation(operation));
  if (cost > limit)
    throw tooComplex(
      `This operation costs ${cost}, and ${limit} is allowed: ask for smaller pages or fewer levels.`,
      { limit, actual: cost },
    );
}
