import type { ChildProcess } from "node:child_process";

/** The folder of the programs of a Postgres 15, or 16, of this machine's; null without one. */
export function findOldPostgres(): string | null;

/** A Postgres of this machine's with a new cluster. */
export interface SystemPostgres {
  /** Of the database `filedesk`, as the role that owns it, may create others and is no superuser. */
  readonly url: string;
  readonly superuserUrl: string;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
}

export function startSystemPostgres(options: {
  /** The folder of `initdb` and `postgres`. */
  readonly programs: string;
  /** Where its files are; it is made. */
  readonly folder: string;
  /** Starts a program that ends with this process. */
  readonly spawn: (program: string, args: readonly string[]) => Promise<ChildProcess> | ChildProcess;
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<SystemPostgres>;
