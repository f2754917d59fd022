import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import { openDesk } from "./open-desk.js";

/** A process that runs jobs and nothing else. */
export interface Worker {
  /** The URL of the metrics; null if they are not served. */
  readonly metricsUrl: string | null;
  /** Resolves with the reason when the embedded database has ended. */
  readonly databaseLost: Promise<string>;
  /** Lets running jobs finish within the shutdown timeout. */
  close(): Promise<void>;
}

export interface WorkOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Cancels the start between two steps. */
  readonly signal?: AbortSignal;
}

/** Starts a worker. Any number of workers may run, with or without servers. */
export async function work(options: WorkOptions): Promise<Worker> {
  const { work: begin, telemetry, databaseLost, close } = await openDesk({ ...options, role: "worker" });
  try {
    await begin();
    return { metricsUrl: telemetry.metricsUrl, databaseLost, close };
  } catch (error) {
    await close();
    throw error;
  }
}
