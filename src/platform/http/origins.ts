const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Patterns that match origins; `loopback` matches every origin on this machine. */
export const originPatterns = (origins: readonly string[]): (string | RegExp)[] =>
  origins.map((origin) => (origin === "loopback" ? LOOPBACK_ORIGIN : origin));

/**
 * Whether a page of this origin may open a websocket on this host: pages of the host itself, and origins that CORS
 * accepts. Browsers do not use CORS for websockets, so the server checks the origin.
 */
export function acceptsOrigin(
  origins: readonly string[],
): (origin: string | undefined, host: string | undefined) => boolean {
  const patterns = originPatterns(origins);
  return (origin, host) =>
    origin === undefined ||
    (URL.canParse(origin) && new URL(origin).host === host) ||
    patterns.some((pattern) => (typeof pattern === "string" ? pattern === origin : pattern.test(origin)));
}
