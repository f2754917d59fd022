import type { FastifyInstance } from "fastify";

/** Something that the server needs, and how to see that it is there. */
export interface Dependency {
  readonly name: string;
  check(): Promise<unknown>;
}

/** A check that takes longer counts as failed. */
const PATIENCE_MS = 3_000;
/** Checks cost something, such as a file that is written: whoever asks within this time is told the same. */
const KEPT_MS = 1_000;

/**
 * `/healthz`: the process lives. `/readyz`: it can serve; 503 while something is missing or it shuts down. Anybody may ask:
 * one check is under way at a time, whatever comes, and its result is kept for a second.
 */
export function registerHealthRoutes(app: FastifyInstance, dependencies: readonly Dependency[]): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  const checkAll = keptFor(KEPT_MS, async () =>
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
    const ready = !closing && Object.values(checks).every((state) => state === "ok");
    return reply
      .status(ready ? 200 : 503)
      .send({ status: closing ? "closing" : ready ? "ok" : "unavailable", checks });
  });
}

/** Gives all who ask the same result, from the moment on that one begins to look until a while after it is known. */
function keptFor<Result>(keptMs: number, look: () => Promise<Result>): () => Promise<Result> {
  let latest: Promise<Result> | null = null;
  let knownAt: number | null = null;
  return () => {
    const isKept = latest && (knownAt === null || performance.now() - knownAt < keptMs);
    if (latest && isKept) return latest;
    knownAt = null;
    latest = look().finally(() => {
      knownAt = performance.now();
    });
    return latest;
  };
}

/** Why it fails is for the log, not for whoever asks. */
async function stateOf(
  dependency: Dependency,
  log: { warn(details: object, message: string): void },
): Promise<"ok" | "failed"> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    await Promise.race([dependency.check(), impatience]);
    return "ok";
  } catch (error) {
    log.warn({ err: error, dependency: dependency.name }, "dependency failed");
    return "failed";
  } finally {
    clearTimeout(timer);
  }
}
