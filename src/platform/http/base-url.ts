import type { FastifyRequest } from "fastify";

/** A host with an optional port (RFC 3986 §3.2.2), in the characters that real ones have. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9.])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Whether a text can be the authority of an HTTP URL. */
export const isHost = (text: string): boolean => HOST.test(text) && URL.canParse(`http://${text}`);

/**
 * The absolute base, without a slash at its end, of the URLs that are given out: `PUBLIC_URL` where it is set,
 * else what the client used. Fastify's `trustProxy` decides whose `X-Forwarded-*` headers count. A host that
 * is absent or malformed is replaced by the address that the client has reached.
 */
export function baseUrl(
  request: Pick<FastifyRequest, "protocol" | "host" | "socket">,
  publicUrl?: string | undefined,
): string {
  if (publicUrl) return publicUrl.replace(/\/+$/, "");
  const scheme = request.protocol === "https" ? "https" : "http";
  return `${scheme}://${isHost(request.host) ? request.host : localHost(request.socket)}`;
}

function localHost({ localAddress, localPort }: FastifyRequest["socket"]): string {
  const address = (localAddress ?? "localhost").replace(/^::ffff:(?=\d+\.)/, "");
  const host = address.includes(":") ? `[${address}]` : address;
  return localPort ? `${host}:${localPort}` : host;
}
