import type { FastifyInstance } from "fastify";

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

/**
 * Returns a function that lists the methods of the routes at a path; empty if there is none. Call it before any route
 * is registered. The function searches all routes, so it is only for requests without a route.
 */
export function knowMethods(app: FastifyInstance): (path: string) => string[] {
  const known: KnownPath[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    // This route answers preflights for every path.
    if (url !== "*") known.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  return (path) => {
    const methods = known.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(methods)].sort();
  };
}

/** Of a URL such as `/files/:id/:name`. */
const patternOf = (url: string) =>
  new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/:\w+/g, "[^/]+")}$`);
