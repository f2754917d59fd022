import type { Socket } from "node:net";
import { connect } from "node:net";
import postgres from "postgres";
import { ARRAY_PARSERS, toArrayLiteral } from "./array-values.js";
import { connectionLost } from "./faults.js";
import type { PreparedTexts } from "./prepared-texts.js";
import { MOST_PREPARED } from "./prepared-texts.js";

export interface ConnectionOptions {
  readonly url: string;
  /** In milliseconds, told to Postgres; 0 for none. */
  readonly statementTimeoutMs?: number;
  /** Which of the hosts in the URL it goes to, when there are several; counted without end. */
  readonly attempt?: number;
  readonly onNotify?: (channel: string, payload: string) => void;
  /** Which statements are prepared on it; by default all. */
  readonly prepared?: Pick<PreparedTexts, "isPrepared">;
  /** Told of every statement that is run. */
  readonly onStatement?: ((statement: string) => void) | undefined;
}

/** What Drizzle sets on its client: types that it reads and writes by itself. */
export interface TypeOptions {
  readonly parsers: Record<string, unknown>;
  readonly serializers: Record<string, unknown>;
}

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
  /** Rows as arrays of values instead of objects. */
  readonly asValues?: boolean;
  /** Whether Postgres keeps it parsed and planned on this connection. */
  readonly prepare?: boolean;
}

const CONNECT_TIMEOUT_SECONDS = 10;
const KEEP_ALIVE_SECONDS = 30;

/**
 * One connection to Postgres, which is never reused after it broke. The driver would reuse it with the rest of its
 * old state: half of a result, an unanswered query, unsent bytes. This gives wrong answers to the next user
 * (docs/decisions/0029). So each connection has a driver client of its own, which is discarded when the connection
 * breaks.
 */
export class Connection {
  readonly openedAt = performance.now();
  /** Resolves when it has broken off or was closed. */
  readonly lost: Promise<void>;
  readonly #sql: postgres.Sql;
  readonly #onStatement: ((statement: string) => void) | undefined;
  #socket: Socket | null = null;
  #isLost = false;
  #lose: () => void = () => {};
  #statementTimeoutMs: number;
  readonly #prepared: ConnectionOptions["prepared"];
  /** What the driver and Postgres keep for this connection, until its end. */
  readonly #kept = new Set<string>();
  /** Statements that have not been answered, and since when none has been. */
  #unanswered = 0;
  #since = 0;

  constructor(options: ConnectionOptions, types?: TypeOptions) {
    this.lost = new Promise((resolve) => {
      this.#lose = () => {
        if (this.#isLost) return;
        this.#isLost = true;
        resolve();
        // Whatever the driver still holds is refused, once it has heard of the end as well.
        setImmediate(() => void this.#sql.end({ timeout: 0 }).catch(() => {}));
      };
    });
    this.#onStatement = options.onStatement;
    this.#prepared = options.prepared;
    const { url, statementTimeoutMs = 0, attempt = 0, onNotify } = options;
    this.#statementTimeoutMs = statementTimeoutMs;
    this.#sql = postgres(url, {
      max: 1,
      // Its own question for types is asked outside of any promise, and ends the process when it fails.
      fetch_types: false,
      onnotice: () => {},
      connect_timeout: CONNECT_TIMEOUT_SECONDS,
      max_lifetime: null,
      backoff: () => 0,
      connection: { application_name: "filedesk", statement_timeout: statementTimeoutMs },
      onclose: () => this.#lose(),
      ...(onNotify && { onnotify: onNotify }),
      socket: (parsed: ParsedOptions) => this.#connect(parsed, attempt),
    } as postgres.Options<Record<string, never>>);
    Object.assign(this.#sql.options.parsers, ARRAY_PARSERS, types?.parsers);
    Object.assign(this.#sql.options.serializers, types?.serializers);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether so many statements are prepared on it that another connection had better take its place. */
  get isFull(): boolean {
    return this.#kept.size >= MOST_PREPARED;
  }

  /** Connects. @throws what was in the way */
  async open(): Promise<void> {
    try {
      await this.#sql.unsafe("select 1");
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** After how many milliseconds Postgres cancels a statement; 0 for never. */
  get statementTimeoutMs(): number {
    return this.#statementTimeoutMs;
  }

  /** Has statements cancelled after so long from now on, outside of a transaction. */
  async limitStatements(milliseconds: number): Promise<void> {
    await this.#send({ text: `set statement_timeout = ${milliseconds}`, parameters: [] });
    this.#statementTimeoutMs = milliseconds;
  }

  /** @throws what Postgres answers, or that the connection has broken off */
  run(statement: Statement): Promise<postgres.RowList<postgres.Row[]>> {
    if (!this.#isLost) this.#onStatement?.(statement.text);
    return this.#send(statement);
  }

  async #send({
    text,
    parameters,
    asValues = false,
    prepare = true,
  }: Statement): Promise<postgres.RowList<postgres.Row[]>> {
    if (this.#isLost) throw connectionLost();
    // Without parameters the driver sends a text as it is.
    const isPrepared = prepare && parameters.length > 0 && (this.#prepared?.isPrepared(text) ?? true);
    if (isPrepared) this.#kept.add(text);
    const query = this.#sql.unsafe(text, parameters.map(toArrayLiteral) as never[], { prepare: isPrepared });
    if (this.#unanswered++ === 0) this.#since = performance.now();
    try {
      return (await (asValues ? query.values() : query)) as postgres.RowList<postgres.Row[]>;
    } finally {
      this.#unanswered--;
      this.#since = performance.now();
    }
  }

  /** How long a statement has been waiting for an answer, in milliseconds. */
  waitedMs(now: number): number {
    return this.#unanswered > 0 ? now - this.#since : 0;
  }

  /** Breaks it off at once: what is under way fails. */
  destroy(): void {
    this.#lose();
    this.#socket?.destroy();
  }

  /** Says goodbye to Postgres. Resolves when the socket is closed. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
    this.destroy();
  }

  #connect({ host, port, path }: ParsedOptions, attempt: number): Socket {
    if (this.#socket) throw connectionLost();
    const place = attempt % host.length;
    const address = { host: host[place] ?? "localhost", port: port[place] ?? 5432 };
    const socket = path ? connect(path) : connect(address);
    this.#socket = socket;
    socket.setKeepAlive(true, KEEP_ALIVE_SECONDS * 1_000);
    socket.setNoDelay(true);
    this.#watch(socket);
    // The driver forgets all who listen when it begins TLS; it reads `host` for the name in the certificate.
    const { removeAllListeners } = socket;
    return Object.assign(socket, address, {
      removeAllListeners: (event?: string) => {
        removeAllListeners.call(socket, event);
        this.#watch(socket);
        return socket;
      },
    });
  }

  /** The first sign of a broken connection counts: the driver would accept queries until the last one. */
  #watch(socket: Socket): void {
    for (const sign of ["error", "end", "close"]) socket.on(sign, this.#lose);
  }
}

/** What the driver has made of its URL. */
interface ParsedOptions {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}
