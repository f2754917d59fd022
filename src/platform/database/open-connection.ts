import type { ConnectionOptions } from "./connection.js";
import { Connection } from "./connection.js";
import { parseDatabaseUrl } from "./database-url.js";
import { connectionBroke } from "./faults.js";

/** Opens a connection outside of a pool, to the first of its hosts that is of use. @throws the last host's error */
export async function openConnection(options: Omit<ConnectionOptions, "host">): Promise<Connection> {
  const { hosts } = parseDatabaseUrl(options.url);
  for (let host = 0; ; host++) {
    const connection = new Connection({ ...options, host });
    try {
      await connection.open();
      return connection;
    } catch (error) {
      if (host >= hosts.length - 1 || !connectionBroke(error)) throw error;
    }
  }
}

/** The URL of the first host that is of use, for drivers that know one host. @throws the last host's error */
export async function findHost(url: string): Promise<string> {
  const { hosts, mustBeWritable } = parseDatabaseUrl(url);
  const [only = url] = hosts;
  if (!mustBeWritable) return only;
  const connection = await openConnection({ url });
  await connection.close();
  return connection.url;
}
