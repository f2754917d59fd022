import type { FaultLog } from "./resource-faults.js";
import { logResourceFault } from "./resource-faults.js";
import type { SlowStatementLog } from "./slow-statement.js";
import { logSlowStatement } from "./slow-statement.js";

/** Logs why a request failed: temporary faults with their own messages, everything else as an error. */
export function logFailure(log: FaultLog & SlowStatementLog, error: unknown, message: string): void {
  if (logSlowStatement(log, error) || logResourceFault(log, error)) return;
  log.error({ err: error }, message);
}
