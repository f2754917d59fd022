import ipaddr from "ipaddr.js";

/** The smallest IPv6 network that a customer of a provider gets. It has 2^64 addresses. */
const PREFIX_BITS = 64;

/**
 * The key by which rate limits count a client without a sign-in: its IPv4 address, or the /64 network of its IPv6
 * address. An IPv4 address in IPv6 notation counts as the IPv4 address.
 */
export function networkKeyOf(clientAddress: string): string {
  const address =
    clientAddress.includes(":") && ipaddr.isValid(clientAddress) && ipaddr.process(clientAddress);
  if (!(address instanceof ipaddr.IPv6)) return `address:${address || clientAddress}`;
  return `address:${ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${PREFIX_BITS}`)}/${PREFIX_BITS}`;
}
