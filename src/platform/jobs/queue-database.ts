import pg from "pg";
import type { Db } from "pg-boss";
import { SECOND_MS } from "../../kernel/clock.js";
import { parseDatabaseUrl } from "../database/database-url.js";
import { takesNoWrites } from "../database/faults.js";
import type { HostRotation } from "../database/host-rotation.js";
import { createHostRotation } from "../database/host-rotation.js";
import { listenTo } from "../database/listen.js";

export interface QueueDatabaseOptions {
  readonly url: string;
  /** For the connection that listens: it leads past a pooler. */
  readonly sessionUrl: string;
  readonly connections: number;
  readonly applicationName: string;
  onFault(error: unknown): void;
}

/** The connections of the job queue: a small pool, and one that listens if jobs are run. */
export interface QueueDatabase extends Db {
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10 * SECOND_MS;
/** A statement without an answer for this long is given up with its connection: the host has probably died. */
const ANSWER_TIMEOUT_MS = 60 * SECOND_MS;
const KEEP_ALIVE_MS = 10 * SECOND_MS;

/**
 * The job queue has its own driver, whose results its statements expect. It uses no session: it prepares nothing, and
 * each of its transactions is one message.
 */
export function createQueueDatabase(options: QueueDatabaseOptions): QueueDatabase {
  const { url, sessionUrl, connections, applicationName, onFault } = options;
  const { hosts, mustBeWritable } = parseDatabaseUrl(url);
  const rotation = createHostRotation(hosts.length);
  const pool = new pg.Pool({
    max: connections,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    Client: clientOf(hosts.map(withLibpqModes), rotation) as unknown as new () => pg.ClientBase,
    ...(mustBeWritable && { verify: refuseStandby }),
  });
  pool.on("error", onFault);

  async function connect(): Promise<pg.PoolClient> {
    for (let tries = 1; ; tries++) {
      const host = rotation.current;
      try {
        return await pool.connect();
      } catch (error) {
        rotation.skip(host);
        if (tries >= hosts.length) throw error;
      }
    }
  }
  return {
    async executeSql(text, values) {
      const client = await connect();
      try {
        const result = await client.query(text, values);
        client.release();
        return result;
      } catch (error) {
        // It may still be in a transaction, or lost.
        client.release(true);
        throw error;
      }
    },
    async listen(channel, onMessage, onListening) {
      return { close: await listenTo({ url: sessionUrl, channel, onMessage, onListening }) };
    },
    close: () => pool.end(),
  };
}

/** Connects to the current host. Without a listener, an error on a client in use would end the process. */
const clientOf = (hosts: readonly string[], rotation: HostRotation) =>
  class extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionString: hosts[rotation.current] });
      this.on("error", () => {});
    }
  };

type Verified = (error?: Error) => void;

function refuseStandby(client: pg.Client, done: Verified): void {
  client.query<{ transaction_read_only: string }>("show transaction_read_only").then(
    ({ rows: [row] }) => (row?.transaction_read_only === "on" ? done(takesNoWrites()) : done()),
    (error: Error) => done(error),
  );
}

/** Makes the driver interpret `sslmode` like libpq, as our other driver does. */
function withLibpqModes(text: string): string {
  const url = new URL(text);
  if (url.searchParams.has("sslmode")) url.searchParams.set("uselibpqcompat", "true");
  return url.href;
}
