import type { FastifyInstance } from "fastify";

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

/**
 * Which methods the routes at a path take; none where there is nothing at it. Call before any route is registered. For
 * requests that met no route: it looks through all of them.
 */
export function knowMethods(app: FastifyInstance): (path: string) => string[] {
  const known: KnownPath[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    // Preflights are answered for every path.
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
