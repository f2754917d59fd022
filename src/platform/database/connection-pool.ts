import { setTimeout as pass } from "node:timers/promises";
import type { Observe } from "../telemetry/observe.js";
import type { TypeOptions } from "./connection.js";
import { Connection } from "./connection.js";
import { parseDatabaseUrl } from "./database-url.js";
import { connectionBroke, connectionLost } from "./faults.js";
import type { HostRotation } from "./host-rotation.js";
import { createHostRotation } from "./host-rotation.js";
import { createPreparedTexts } from "./prepared-texts.js";

export interface PoolOptions {
  readonly url: string;
  /** Whether a pooler hands out another session for each transaction. */
  readonly transactionPooling: boolean;
  /** Maximum number of connections. */
  readonly connections: number;
  readonly statementTimeoutMs: number;
  /** If a statement gets no answer for this long, its connection counts as dead and is destroyed. */
  readonly answerTimeoutMs: number;
  readonly types: TypeOptions;
  readonly onStatement?: ((statement: string) => void) | undefined;
  readonly observe?: Observe | undefined;
}

/** What the connections of a pool are doing. */
export interface PoolUse {
  /** Connections that somebody uses, or that are being opened. */
  readonly inUse: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  readonly max: number;
}

interface Waiting {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
}

/** Delays before new connection attempts at all hosts, in milliseconds. */
const CONNECT_DELAYS_MS = [20, 100];
const CHECK_INTERVAL_MS = 1_000;
/**
 * Connections are replaced after this time, so that the memory of their Postgres backends does not grow without bound.
 */
const MAX_AGE_MS = 45 * 60_000;

/** A pool of connections, each for one user at a time. A lost connection is never handed out. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #prepared = createPreparedTexts();
  readonly #open = new Set<Connection>();
  /** A stack: the most recently used connection has the most statements prepared. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #hosts: number;
  readonly #rotation: HostRotation;
  /** Open connections and those that are being opened. */
  #count = 0;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#hosts = parseDatabaseUrl(options.url).hosts.length;
    this.#rotation = createHostRotation(this.#hosts);
    this.#timer = setInterval(() => this.#destroyUnresponsive(), CHECK_INTERVAL_MS).unref();
  }

  get transactionPooling(): boolean {
    return this.#options.transactionPooling;
  }

  use(): PoolUse {
    const idle = this.#idle.length;
    return {
      inUse: this.#count - idle,
      idle,
      waiting: this.#waiting.length,
      max: this.#options.connections,
    };
  }

  /** Returns a connection for the caller alone, until it is released. @throws if none can be opened */
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

  /** Lets running statements finish within the timeout; waiting callers fail at once. */
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

  /** The slot is taken synchronously. */
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

  /** No statement has been sent yet, so it is safe to retry. */
  async #openOne(): Promise<Connection> {
    for (let tries = 1; ; tries++) {
      const host = this.#rotation.current;
      const connection = new Connection(
        { ...this.#options, prepared: this.#prepared, host },
        this.#options.types,
      );
      try {
        await connection.open();
        return connection;
      } catch (error) {
        this.#rotation.skip(host);
        const isRoundOver = tries % this.#hosts === 0;
        const delay = isRoundOver ? CONNECT_DELAYS_MS[tries / this.#hosts - 1] : 0;
        if (delay === undefined || this.#isClosed || !connectionBroke(error)) throw error;
        await pass(delay);
      }
    }
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#freeSlot();
  }

  /** Frees the slot of a connection, and opens a new one for the first waiting caller. */
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
