import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { sourceRefused } from "./media-import.errors.js";

/** All addresses of a host name, as the system's resolver tells them. */
export type Resolve = (hostName: string) => Promise<readonly LookupAddress[]>;

export const systemResolve: Resolve = (hostName) => lookup(hostName, { all: true });

/** The one part of IPv6 that is given out to the public (RFC 4291 §2.4); translations into IPv4 lie outside. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** In a public range, and yet the inside of a cloud: it hands out secrets to the machines there. */
const METADATA = new Set(["168.63.129.16"]);

/**
 * Whether an address is out on the internet: not private, loopback, link-local, shared (CGNAT), multicast, reserved, a
 * cloud's metadata service, nor one of these wrapped in IPv6 (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0 || !ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv6)
    return address.isIPv4MappedAddress()
      ? isPublicAddress(address.toIPv4Address().toString())
      : address.range() === "unicast" && address.match(GLOBAL_UNICAST);
  return address.range() === "unicast" && !METADATA.has(address.toString());
}

export interface AddressRules {
  readonly resolve: Resolve;
  /** Host names that may lead to any address, in lower case. */
  readonly allowedHosts: ReadonlySet<string>;
}

/** A URL's host as a name or a bare address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();

/** A host as a URL would have it: `0x7f.1` and `[::1]` are allowed as they stand in a source. */
export const plainHost = (written: string): string => {
  const bare = written.replace(/^\[(.*)\]$/, "$1");
  const url = `http://${isIP(bare) === 6 ? `[${bare}]` : bare}`;
  return URL.canParse(url) ? hostOf(new URL(url)) : written.toLowerCase();
};

/** The host of a URL as it is written there, not as it is understood. */
export const writtenHost = (source: string): string | undefined =>
  /^[a-z]+:\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]+)/i.exec(source)?.[1];

/**
 * The name lookup of a connection. The addresses that it hands to the socket are the very ones that it has judged, so
 * that a name that points elsewhere a moment later gains nothing.
 *
 * @param written the host as it stands in the source, for the refusal
 */
export function createGuardedLookup(
  { resolve, allowedHosts }: AddressRules,
  written?: string,
): LookupFunction {
  return (hostName, options, callback) => {
    resolve(hostName).then(
      (addresses) => {
        const allowed = allowedHosts.has(hostName.toLowerCase());
        const good = addresses.filter(({ address }) => allowed || isPublicAddress(address));
        const [first] = good;
        if (!first) callback(refusal(written ?? hostName), "", 0);
        else if (options.all) callback(null, [...good]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 0),
    );
  };
}

/** Judges an address that stands in the URL itself: for these no lookup is made. @throws ImportFault SOURCE_REFUSED */
export function refusePrivateAddress(
  url: URL,
  { allowedHosts }: Pick<AddressRules, "allowedHosts">,
  written?: string,
): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && !allowedHosts.has(host) && !isPublicAddress(host)) throw refusal(written ?? host);
}

export const refusal = (host: string) =>
  sourceRefused(
    `${host} is in a private or reserved network, where an import does not reach. Allow it by name with --allow-host ${host} if it is meant.`,
  );
