/** A Postgres URL, which may name several hosts as in libpq: `postgres://user:password@a:5432,b:5432/filedesk`. */
export interface DatabaseUrl {
  /** A URL for each host, in their order. */
  readonly hosts: readonly string[];
  /** Whether hosts that take no writes, such as standbys, are passed over. */
  readonly mustBeWritable: boolean;
}

/** Scheme with user and password; hosts; path and parameters. */
const PARTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/is;
const TARGET = "target_session_attrs";
const SOCKET_FOLDER = "host";
/** Values of `target_session_attrs` that Filedesk can work with, because it writes. */
const WRITABLE = ["read-write", "primary"];

/**
 * Parses a URL with one host or several. Of several hosts, only one that takes writes is of use, whether
 * `target_session_attrs` says so or not.
 *
 * @throws Error if it is not a Postgres URL, or asks for hosts that take no writes
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const [, before = "", hosts = "", after = ""] = PARTS.exec(text) ?? [];
  const names = hosts.split(",");
  const urls = names.map((host) =>
    host === "" && names.length > 1 ? null : withoutTarget(`${before}${host}${after}`),
  );
  const [first] = urls;
  if (before === "" || first === undefined || urls.some((url) => url === null))
    throw new Error("is not a URL like postgres://user:password@host:5432/database");
  const { target } = first as Parsed;
  if (target !== null && !WRITABLE.includes(target))
    throw new Error(`has ${TARGET}=${target}; Filedesk needs a host that takes writes: read-write`);
  return {
    hosts: (urls as Parsed[]).map(({ url }) => url),
    mustBeWritable: target !== null || urls.length > 1,
  };
}

interface Parsed {
  readonly url: string;
  readonly target: string | null;
}

/** The drivers send parameters that they do not know to Postgres, which would refuse this one. */
function withoutTarget(text: string): Parsed | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const target = url.searchParams.get(TARGET);
  if (target === null) return { url: text, target };
  url.searchParams.delete(TARGET);
  return { url: url.href, target };
}

/** The port that Postgres listens on by default, which is also part of the name of its socket. */
const DEFAULT_PORT = "5432";

/** What the driver is called with to reach a host. */
export interface DriverTarget {
  readonly url: string;
  /** The Unix socket of the host, if it is reached by one. */
  readonly path?: string;
}

/**
 * As in libpq, `?host=/var/run/postgresql` is the folder of a Unix socket, which takes the place of the host. The driver
 * only knows such a socket by its path.
 */
export function driverTarget(text: string): DriverTarget {
  if (!URL.canParse(text)) return { url: text };
  const url = new URL(text);
  const folder = url.searchParams.get(SOCKET_FOLDER);
  if (folder === null || !folder.startsWith("/")) return { url: text };
  const port = url.searchParams.get("port") ?? (url.port || DEFAULT_PORT);
  for (const name of [SOCKET_FOLDER, "port"]) url.searchParams.delete(name);
  return { url: url.href, path: `${folder}/.s.PGSQL.${port}` };
}

/** The URL of the same database through the Unix socket in a folder. */
export function throughSocket(text: string, folder: string): string {
  const url = new URL(text);
  url.searchParams.set(SOCKET_FOLDER, folder);
  return url.href;
}
