import postgres from "postgres";
import { driverTarget } from "./database-url.js";

/** The driver itself, for scripts, migrations and tests: without the protection of `Connection`. */
export function connectDriver(
  databaseUrl: string,
  options: postgres.Options<Record<string, never>> = {},
): postgres.Sql {
  const { url, ...socket } = driverTarget(databaseUrl);
  return postgres(url, { onnotice: () => {}, ...socket, ...options });
}
