import { readFile } from "node:fs/promises";
import type { Logger } from "pino";

/** Connections, files under way, Postgres and temp files each take one. */
const ENOUGH = 1_024;

/** Warns where few files may be open at once; only Linux tells. Node has raised its soft limit to the hard one by now. */
export async function warnOfFewDescriptors(log: Pick<Logger, "warn">): Promise<void> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (limit < ENOUGH)
    log.warn(
      { limit },
      `only ${limit} files may be open at once; raise it (\`ulimit -n\`) to ${ENOUGH} or more`,
    );
}
