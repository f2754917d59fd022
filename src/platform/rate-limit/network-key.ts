import ipaddr from "ipaddr.js";

/** What one subscriber is given of IPv6 at the least: whoever has it, has 2^64 addresses. */
const PREFIX_BITS = 64;

/**
 * By what a client that is not signed in is counted: its address, or the /64 that its IPv6 address is of. An IPv4
 * address that is written as IPv6 is the IPv4 address.
 */
export function networkKeyOf(clientAddress: string): string {
  const address =
    clientAddress.includes(":") && ipaddr.isValid(clientAddress) && ipaddr.process(clientAddress);
  if (!(address instanceof ipaddr.IPv6)) return `address:${address || clientAddress}`;
  return `address:${ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${PREFIX_BITS}`)}/${PREFIX_BITS}`;
}
