import type { Db } from "pg-boss";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import { pullBackStampsAhead } from "./clock-repair.repository.js";

const INTERVAL_MS = 10 * SECOND_MS;

export interface ClockRepairOptions {
  readonly db: Pick<Db, "executeSql">;
  readonly log: Logger;
  onFault(error: unknown): void;
}

export interface ClockRepair {
  /** Checks at once and then every ten seconds. Resolves after the first check, even if it failed. */
  start(): Promise<void>;
  /** Stops checking. Resolves when a running check has finished. */
  stop(): Promise<void>;
}

/** Keeps the job queue running after the database's clock was set back. */
export function createClockRepair({ db, log, onFault }: ClockRepairOptions): ClockRepair {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;

  async function repair(): Promise<void> {
    try {
      const rows = await pullBackStampsAhead(db);
      if (rows > 0)
        log.warn({ rows }, "Postgres' clock was set back: the job queue's timestamps were corrected");
    } catch (error) {
      onFault(error);
    }
  }
  const repairOnce = (): Promise<void> => {
    running ??= repair().finally(() => {
      running = null;
    });
    return running;
  };

  return {
    start() {
      timer ??= setInterval(repairOnce, INTERVAL_MS).unref();
      return repairOnce();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await running;
    },
  };
}
