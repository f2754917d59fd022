import { readFile } from "node:fs/promises";
import type { Logger } from "pino";

/** Every connection, open file, Postgres connection and temp file needs a descriptor. */
const MIN_DESCRIPTORS = 1_024;

/**
 * Warns if the limit of open files is low; only supported on Linux. Node raises its soft limit to the hard limit at
 * startup.
 */
export async function warnOfFewDescriptors(log: Pick<Logger, "warn">): Promise<void> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (limit < MIN_DESCRIPTORS)
    log.warn(
      { limit },
      `only ${limit} files may be open at once; raise it (\`ulimit -n\`) to ${MIN_DESCRIPTORS} or more`,
    );
}
