import type { FastifyInstance } from "fastify";

/** Something that the server needs, and how to see that it is there. */
export interface Dependency {
  readonly name: string;
  check(): Promise<unknown>;
}

/** A check that takes longer counts as failed. */
const PATIENCE_MS = 3_000;

/** `/healthz`: the process lives. `/readyz`: it can serve; 503 while something is missing or it shuts down. */
export function registerHealthRoutes(app: FastifyInstance, dependencies: readonly Dependency[]): void {
  let closing = false;
  app.addHook("preClose", async () => {
    closing = true;
  });
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (request, reply) => {
    const checks = Object.fromEntries(
      await Promise.all(
        dependencies.map(
          async (dependency) => [dependency.name, await stateOf(dependency, request.log)] as const,
        ),
      ),
    );
    const ready = !closing && Object.values(checks).every((state) => state === "ok");
    return reply
      .status(ready ? 200 : 503)
      .send({ status: closing ? "closing" : ready ? "ok" : "unavailable", checks });
  });
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
