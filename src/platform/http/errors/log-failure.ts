import type { FaultLog } from "./resource-faults.js";
import { logResourceFault } from "./resource-faults.js";
import type { SlowStatementLog } from "./slow-statement.js";
import { logSlowStatement } from "./slow-statement.js";

/** Writes down what a request failed of: a bug as a failure of ours, what passes by itself in its own words. */
export function logFailure(log: FaultLog & SlowStatementLog, error: unknown, message: string): void {
  if (logSlowStatement(log, error) || logResourceFault(log, error)) return;
  log.error({ err: error }, message);
}
