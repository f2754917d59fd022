import ipaddr from "ipaddr.js";

/** The smallest IPv6 network that a customer of a provider gets. It has 2^64 addresses. */
const PREFIX_BITS = 64;

/** The key of clients whose address is unknown: on a unix socket, or behind a proxy that sends no address. */
const UNKNOWN = "address:unknown";

/**
 * The key by which rate limits count a client without a sign-in: its IPv4 address, or the /64 network of its IPv6
 * address. An IPv4 address in IPv6 notation, or behind a translator (RFC 6052), counts as the IPv4 address. A port is
 * left out: some proxies add it, and each connection has another one.
 */
export function networkKeyOf(clientAddress: string): string {
  const address = readAddress(clientAddress);
  if (address === null) return UNKNOWN;
  if (address instanceof ipaddr.IPv4) return `address:${address}`;
  return `address:${ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${PREFIX_BITS}`)}/${PREFIX_BITS}`;
}

/** `203.0.113.7:4711`, `[2001:db8::1]` and `[2001:db8::1]:4711`. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+):\d+|\[([^\]]+)\](?::\d+)?)$/;

function readAddress(text: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const [, v4, v6] = WITH_PORT.exec(text ?? "") ?? [];
  const bare = v4 ?? v6 ?? text ?? "";
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  if (!ipaddr.IPv6.isValid(bare)) return null;
  const address = ipaddr.process(bare);
  if (address instanceof ipaddr.IPv4 || address.range() !== "rfc6052") return address;
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}
