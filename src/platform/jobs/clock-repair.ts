import type { Db } from "pg-boss";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import { pullBackStampsAhead } from "./clock-repair.repository.js";

const EVERY_MS = 10 * SECOND_MS;

export interface ClockRepairOptions {
  readonly db: Pick<Db, "executeSql">;
  readonly log: Logger;
  onFault(error: unknown): void;
}

export interface ClockRepair {
  /** Looks at once, and then every ten seconds. Resolves after the first look, whatever came of it. */
  start(): Promise<void>;
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>;
}

/** Keeps a queue going whose database's clock is set back. */
export function createClockRepair({ db, log, onFault }: ClockRepairOptions): ClockRepair {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | null = null;

  async function repair(): Promise<void> {
    try {
      const rows = await pullBackStampsAhead(db);
      if (rows > 0) log.warn({ rows }, "Postgres' clock was set back: the job queue goes on from now");
    } catch (error) {
      onFault(error);
    }
  }
  const repairOnce = (): Promise<void> => {
    underWay ??= repair().finally(() => {
      underWay = null;
    });
    return underWay;
  };

  return {
    start() {
      timer ??= setInterval(repairOnce, EVERY_MS).unref();
      return repairOnce();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await underWay;
    },
  };
}
