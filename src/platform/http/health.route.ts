import type { FastifyInstance } from "fastify";
import type { StopNotice } from "./connections/stop-notice.js";
import { createStopNotice } from "./connections/stop-notice.js";

/** A service that the server needs, and a check whether it is available. */
export interface Dependency {
  readonly name: string;
  /** Whether requests are served without it, with less than usual. */
  readonly isOptional?: boolean;
  check(): Promise<unknown>;
}

/** A check that takes longer counts as failed. */
const CHECK_TIMEOUT_MS = 3_000;
/** How long a result is cached: checks are not free, for example one writes a file. */
const CACHE_MS = 1_000;

/**
 * `/healthz`: the process is alive. `/readyz`: it can serve requests; 503 while a dependency is unavailable that it
 * cannot do without, and from the moment when the server is told to stop. `degraded` is 200. Both are public, so one check runs at a time, and its result is cached
 * for a second.
 */
export function registerHealthRoutes(
  app: FastifyInstance,
  dependencies: readonly Dependency[],
  stopNotice: Pick<StopNotice, "isGiven"> = createStopNotice(),
): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  const checkAll = cachedFor(CACHE_MS, async () =>
    Object.fromEntries(
      await Promise.all(
        dependencies.map(
          async (dependency) => [dependency.name, await stateOf(dependency, app.log)] as const,
        ),
      ),
    ),
  );
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const checks = await checkAll();
    const isClosing = closing || stopNotice.isGiven;
    const failed = dependencies.filter(({ name }) => checks[name] !== "ok");
    const ready = !isClosing && failed.every(({ isOptional }) => isOptional);
    const readiness = failed.length === 0 ? "ok" : ready ? "degraded" : "unavailable";
    return reply.status(ready ? 200 : 503).send({ status: isClosing ? "closing" : readiness, checks });
  });
}

/** Shares one result among all calls from the start of a check until `cacheMs` after its end. */
function cachedFor<Result>(cacheMs: number, check: () => Promise<Result>): () => Promise<Result> {
  let latest: Promise<Result> | null = null;
  let finishedAt: number | null = null;
  return () => {
    const isCached = latest && (finishedAt === null || performance.now() - finishedAt < cacheMs);
    if (latest && isCached) return latest;
    finishedAt = null;
    latest = check().finally(() => {
      finishedAt = performance.now();
    });
    return latest;
  };
}

/** The reason of a failure is only logged. */
async function stateOf(
  dependency: Dependency,
  log: { warn(details: object, message: string): void },
): Promise<"ok" | "failed"> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([dependency.check(), timeout]);
    return "ok";
  } catch (error) {
    log.warn({ err: error, dependency: dependency.name }, "dependency failed");
    return "failed";
  } finally {
    clearTimeout(timer);
  }
}
