import type { Logger } from "pino";
import { pino } from "pino";

/** A log of what a server takes for a fault of its own. */
export interface FaultLog {
  readonly log: Logger;
  /** Its lines of level error and above. */
  readonly faults: readonly string[];
}

export function createFaultLog(): FaultLog {
  const faults: string[] = [];
  return { log: pino({ level: "error" }, { write: (line: string) => void faults.push(line) }), faults };
}
