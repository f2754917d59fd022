import type { FastifyRequest } from "fastify";

/** A host with an optional port (RFC 3986 §3.2.2), restricted to the characters of real host names. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9.])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Whether a text can be the authority of an HTTP URL. */
export const isHost = (text: string): boolean => HOST.test(text) && URL.canParse(`http://${text}`);

/**
 * The absolute base of URLs in responses, without a trailing slash: `PUBLIC_URL` if it is set, otherwise the host of
 * the request. Fastify's `trustProxy` decides which `X-Forwarded-*` headers are trusted. If the host is missing or
 * malformed, the address that the client has connected to is used.
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
