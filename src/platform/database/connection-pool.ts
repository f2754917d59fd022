import { setTimeout as pass } from "node:timers/promises";
import type { TypeOptions } from "./connection.js";
import { Connection } from "./connection.js";
import { connectionBroke, connectionLost } from "./faults.js";
import { createPreparedTexts } from "./prepared-texts.js";

export interface PoolOptions {
  readonly url: string;
  /** How many connections there are at most. */
  readonly connections: number;
  readonly statementTimeoutMs: number;
  /** A statement that is not answered for so long is given up with its connection: nobody is at its other end. */
  readonly answerTimeoutMs: number;
  readonly types: TypeOptions;
  readonly onStatement?: ((statement: string) => void) | undefined;
}

interface Waiting {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
}

/** How long each new try to connect waits, in milliseconds. */
const CONNECT_DELAYS_MS = [20, 100];
const CHECK_INTERVAL_MS = 1_000;
/** Connections are made anew now and then, so that what Postgres keeps for each does not grow for ever. */
const MAX_AGE_MS = 45 * 60_000;

/** Connections for one user at a time each. One that has broken off is never given to anybody. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #prepared = createPreparedTexts();
  readonly #open = new Set<Connection>();
  /** The one that was used last comes first: Postgres has its statements prepared. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #timer: NodeJS.Timeout;
  /** Open ones and those that are being opened. */
  #count = 0;
  #attempts = 0;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#destroyUnresponsive(), CHECK_INTERVAL_MS).unref();
  }

  /** A connection for the caller alone, until it is released. @throws when none can be opened */
  acquire(): Connection | Promise<Connection> {
    if (this.#isClosed) throw connectionLost();
    for (let found = this.#idle.pop(); found; found = this.#idle.pop()) if (!found.isLost) return found;
    if (this.#count < this.#options.connections) return this.#connect();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  release(connection: Connection): void {
    if (connection.isLost || !this.#open.has(connection)) return;
    const isWorn = connection.isFull || performance.now() - connection.openedAt > MAX_AGE_MS;
    if (this.#isClosed || isWorn) {
      void connection.close();
      return;
    }
    const next = this.#waiting.shift();
    if (next) next.resolve(connection);
    else this.#idle.push(connection);
  }

  /** Lets what is under way finish, for so long; what waits for a connection then fails. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    const refused = connectionLost();
    for (const { reject } of this.#waiting.splice(0)) reject(refused);
    for (const connection of this.#idle.splice(0)) void connection.close();
    const timeout = new AbortController();
    const { signal } = timeout;
    const over = pass(timeoutMs, null, { signal }).catch(() => {});
    await Promise.race([Promise.all([...this.#open].map(({ lost }) => lost)), over]);
    timeout.abort();
    for (const connection of this.#open) connection.destroy();
    clearInterval(this.#timer);
  }

  /** A place is taken before anything is waited for. */
  async #connect(): Promise<Connection> {
    this.#count++;
    try {
      const connection = await this.#openOne();
      this.#open.add(connection);
      void connection.lost.then(() => this.#forget(connection));
      return connection;
    } catch (error) {
      // If the database is unreachable, all waiting callers fail at once.
      if (this.#open.size === 0) for (const { reject } of this.#waiting.splice(0)) reject(error);
      this.#freeSlot();
      throw error;
    }
  }

  /** Nothing has been asked yet, so it is safe to try again. */
  async #openOne(): Promise<Connection> {
    for (let tries = 0; ; tries++) {
      const connection = new Connection(
        { ...this.#options, prepared: this.#prepared, attempt: this.#attempts++ },
        this.#options.types,
      );
      try {
        await connection.open();
        return connection;
      } catch (error) {
        const delay = CONNECT_DELAYS_MS[tries];
        if (delay === undefined || this.#isClosed || !connectionBroke(error)) throw error;
        await pass(delay);
      }
    }
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    const place = this.#idle.indexOf(connection);
    if (place >= 0) this.#idle.splice(place, 1);
    this.#freeSlot();
  }

  /** Whoever has waited longest connects anew. */
  #freeSlot(): void {
    this.#count--;
    const next = this.#isClosed ? undefined : this.#waiting.shift();
    if (next) this.#connect().then(next.resolve, next.reject);
  }

  #destroyUnresponsive(): void {
    const now = performance.now();
    for (const connection of this.#open)
      if (connection.waitedMs(now) > this.#options.answerTimeoutMs) connection.destroy();
  }
}
