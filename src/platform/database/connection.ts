import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Readable, Writable } from "node:stream";
import postgres from "postgres";
import type { Observe } from "../telemetry/observe.js";
import { ARRAY_PARSERS, toArrayLiteral } from "./array-values.js";
import { driverTarget, parseDatabaseUrl } from "./database-url.js";
import { connectionLost, isReadOnly, takesNoWrites } from "./faults.js";
import type { PreparedTexts } from "./prepared-texts.js";
import { MAX_PREPARED } from "./prepared-texts.js";

export interface ConnectionOptions {
  readonly url: string;
  /** Statement timeout that is set in Postgres, in milliseconds; 0 for none. */
  readonly statementTimeoutMs?: number;
  /** Selects one of several hosts in the URL. */
  readonly host?: number;
  /** Whether a pooler hands out another session for each transaction: then nothing is kept in the session. */
  readonly transactionPooling?: boolean;
  readonly onNotify?: (channel: string, payload: string) => void;
  /** Decides which statements are prepared; by default all. */
  readonly prepared?: Pick<PreparedTexts, "isPrepared">;
  /** Called with every statement that is run. */
  readonly onStatement?: ((statement: string) => void) | undefined;
  /** Observes every statement, by its text. */
  readonly observe?: Observe | undefined;
}

/** The parsers and serializers that Drizzle sets on its client. */
export interface TypeOptions {
  readonly parsers: Record<string, unknown>;
  readonly serializers: Record<string, unknown>;
}

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
  /** Whether rows are arrays of values instead of objects. */
  readonly asValues?: boolean;
  /** Whether it may become a prepared statement of this connection. */
  readonly prepare?: boolean;
}

const NONE_PREPARED = { isPrepared: () => false };
const CONNECT_TIMEOUT_SECONDS = 10;
/** With several hosts, the next one is tried sooner. */
const HOST_TIMEOUT_SECONDS = 3;
const KEEP_ALIVE_SECONDS = 30;

/**
 * One connection to Postgres, which is never reused after it broke. The driver would reuse it with the rest of its
 * old state: half of a result, an unanswered query, unsent bytes. This gives wrong answers to the next user
 * (docs/decisions/0029). So each connection has a driver client of its own, which is discarded when the connection
 * breaks.
 */
export class Connection {
  readonly openedAt = performance.now();
  /** Resolves when the connection is lost or closed. */
  readonly lost: Promise<void>;
  /** The URL of its host. */
  readonly url: string;
  readonly #mustBeWritable: boolean;
  readonly #sql: postgres.Sql;
  readonly #onStatement: ((statement: string) => void) | undefined;
  readonly #observe: Observe | undefined;
  #socket: Socket | null = null;
  #isLost = false;
  #lose: () => void = () => {};
  #statementTimeoutMs: number;
  readonly #prepared: ConnectionOptions["prepared"];
  /** Texts of the statements that are prepared on this connection. */
  readonly #kept = new Set<string>();
  /** The number of unanswered statements, and when the last answer came. */
  #unanswered = 0;
  #since = 0;

  constructor(options: ConnectionOptions, types?: TypeOptions) {
    this.lost = new Promise((resolve) => {
      this.#lose = () => {
        if (this.#isLost) return;
        this.#isLost = true;
        resolve();
        // Lets the driver reject its pending queries after it has noticed the end as well.
        setImmediate(() => void this.#sql.end({ timeout: 0 }).catch(() => {}));
      };
    });
    this.#onStatement = options.onStatement;
    this.#observe = options.observe;
    this.#prepared = options.transactionPooling ? NONE_PREPARED : options.prepared;
    const { host = 0, onNotify, transactionPooling = false } = options;
    const { hosts, mustBeWritable } = parseDatabaseUrl(options.url);
    this.url = hosts[host % hosts.length] ?? options.url;
    this.#mustBeWritable = mustBeWritable;
    // A pooler refuses parameters of the session that it does not know.
    const statementTimeoutMs = transactionPooling ? 0 : (options.statementTimeoutMs ?? 0);
    this.#statementTimeoutMs = statementTimeoutMs;
    const { url, ...socket } = driverTarget(this.url);
    this.#sql = postgres(url, {
      ...socket,
      max: 1,
      // The driver's query for types runs outside of any promise and would end the process if it failed.
      fetch_types: false,
      onnotice: () => {},
      connect_timeout: hosts.length > 1 ? HOST_TIMEOUT_SECONDS : CONNECT_TIMEOUT_SECONDS,
      max_lifetime: null,
      backoff: () => 0,
      connection: { application_name: "filedesk", statement_timeout: statementTimeoutMs },
      onclose: () => this.#lose(),
      ...(onNotify && { onnotify: onNotify }),
      socket: (parsed: ParsedOptions) => this.#connect(parsed),
    } as postgres.Options<Record<string, never>>);
    Object.assign(this.#sql.options.parsers, ARRAY_PARSERS, types?.parsers);
    Object.assign(this.#sql.options.serializers, types?.serializers);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether it has so many prepared statements that it should be replaced. */
  get isFull(): boolean {
    return this.#kept.size >= MAX_PREPARED;
  }

  /** Connects. @throws the connection error, or that the host takes no writes */
  async open(): Promise<void> {
    try {
      const [row] = await this.#sql.unsafe("show transaction_read_only");
      if (this.#mustBeWritable && row?.transaction_read_only === "on") throw takesNoWrites();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** The statement timeout in milliseconds; 0 for none. */
  get statementTimeoutMs(): number {
    return this.#statementTimeoutMs;
  }

  /** Sets the statement timeout. Not for use inside a transaction. */
  async limitStatements(milliseconds: number): Promise<void> {
    await this.#send({ text: `set statement_timeout = ${milliseconds}`, parameters: [] });
    this.#statementTimeoutMs = milliseconds;
  }

  /**
   * Runs a statement outside of a transaction with its own timeout, without changing the session: in a transaction.
   *
   * @throws the error from Postgres, or that the connection was lost
   */
  async runLimited(statement: Statement, milliseconds: number): Promise<postgres.RowList<postgres.Row[]>> {
    // Sent together, so that it costs no more round trips than necessary.
    const [begun, rows, ended] = await Promise.allSettled([
      this.#send({ text: `begin; set local statement_timeout = ${milliseconds}`, parameters: [] }),
      this.run(statement),
      this.#send({ text: "commit", parameters: [] }),
    ]);
    if (begun.status === "rejected") throw begun.reason;
    if (rows.status === "rejected") throw rows.reason;
    if (ended.status === "rejected") throw ended.reason;
    return rows.value;
  }

  /** @throws the error from Postgres, or that the connection was lost */
  run(statement: Statement): Promise<postgres.RowList<postgres.Row[]>> {
    if (!this.#isLost) this.#onStatement?.(statement.text);
    return this.#observe ? this.#observe(statement.text, () => this.#send(statement)) : this.#send(statement);
  }

  async #send({
    text,
    parameters,
    asValues = false,
    prepare = true,
  }: Statement): Promise<postgres.RowList<postgres.Row[]>> {
    if (this.#isLost) throw connectionLost();
    // Without parameters the driver uses the simple query protocol.
    const isPrepared = prepare && parameters.length > 0 && (this.#prepared?.isPrepared(text) ?? true);
    if (isPrepared) this.#kept.add(text);
    const query = this.#sql.unsafe(text, parameters.map(toArrayLiteral) as never[], { prepare: isPrepared });
    if (this.#unanswered++ === 0) this.#since = performance.now();
    try {
      return (await (asValues ? query.values() : query)) as postgres.RowList<postgres.Row[]>;
    } catch (error) {
      // The host has become a standby, and another one takes the writes.
      if (this.#mustBeWritable && isReadOnly(error)) this.destroy();
      throw error;
    } finally {
      this.#unanswered--;
      this.#since = performance.now();
    }
  }

  /** Runs `copy … to stdout`. Read the stream to its end before the next statement. */
  async copyOut(text: string): Promise<Readable> {
    if (this.#isLost) throw connectionLost();
    const rows = await this.#sql.unsafe(text).readable();
    // The driver pauses its socket while the stream is full, and resumes it when more is read: after the last row never.
    return rows.once("end", () => rows._read(0));
  }

  /** Runs `copy … from stdin`; the stream finishes when Postgres has taken all rows. */
  async copyIn(text: string): Promise<Writable> {
    if (this.#isLost) throw connectionLost();
    return this.#sql.unsafe(text).writable();
  }

  /** How long the oldest unanswered statement has waited since the last answer, in milliseconds. */
  waitedMs(now: number): number {
    return this.#unanswered > 0 ? now - this.#since : 0;
  }

  /** Closes the socket at once; pending statements fail. */
  destroy(): void {
    this.#lose();
    this.#socket?.destroy();
  }

  /** Ends the session in order. Resolves when the socket is closed. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
    this.destroy();
  }

  #connect({ host, port, path }: ParsedOptions): Socket {
    if (this.#socket) throw connectionLost();
    const address = { host: host[0] ?? "localhost", port: port[0] ?? 5432 };
    const socket = path ? connect(path) : connect(address);
    this.#socket = socket;
    socket.setKeepAlive(true, KEEP_ALIVE_SECONDS * 1_000);
    socket.setNoDelay(true);
    this.#watch(socket);
    // The driver removes all listeners when it starts TLS. It reads `host` for the name in the certificate.
    const { removeAllListeners } = socket;
    return Object.assign(socket, address, {
      removeAllListeners: (event?: string) => {
        removeAllListeners.call(socket, event);
        this.#watch(socket);
        return socket;
      },
    });
  }

  /** Treats the first sign of a lost connection as its end: the driver would accept queries until the last one. */
  #watch(socket: Socket): void {
    for (const sign of ["error", "end", "close"]) socket.on(sign, this.#lose);
  }
}

/** The options that the driver has parsed from its URL. */
interface ParsedOptions {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}
