import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import { openDesk } from "./open-desk.js";

/** A process that runs jobs and nothing else. */
export interface Worker {
  /** Resolves when the embedded database has gone for good, with the reason. */
  readonly databaseLost: Promise<string>;
  /** Lets the jobs under way finish, within the time of a shutdown. */
  close(): Promise<void>;
}

export interface WorkOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Gives the start up between two of its steps. */
  readonly signal?: AbortSignal;
}

/** Starts a worker: as many as one likes may run, beside servers or without one. */
export async function work(options: WorkOptions): Promise<Worker> {
  const { jobQueue, databaseLost, close } = await openDesk({ ...options, role: "worker" });
  try {
    await jobQueue.work();
    return { databaseLost, close };
  } catch (error) {
    await close();
    throw error;
  }
}
