const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Origins as they are compared; `loopback` stands for every one on this machine. */
export const originPatterns = (origins: readonly string[]): (string | RegExp)[] =>
  origins.map((origin) => (origin === "loopback" ? LOOPBACK_ORIGIN : origin));

/**
 * Whether a page of this origin may open a websocket on this host. Browsers do not ask for leave by CORS before they
 * open one, so the server looks for itself: those that CORS accepts, and pages of the host's own.
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
