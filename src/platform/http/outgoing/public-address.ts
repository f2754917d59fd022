import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction, Socket } from "node:net";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** All addresses of a host name, by the resolver of the system. */
export type Resolve = (hostName: string) => Promise<readonly LookupAddress[]>;

export const systemResolve: Resolve = (hostName) => lookup(hostName, { all: true });

/** Global unicast, the only public part of IPv6 (RFC 4291 §2.4); translations to IPv4 are outside. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** Metadata services of clouds in public ranges: they give secrets to the machines of the cloud. */
const METADATA = new Set(["168.63.129.16"]);

/**
 * Whether an address is public: not private, loopback, link-local, shared (CGNAT), multicast, reserved, a cloud's
 * metadata service, or one of these wrapped in IPv6 (mapped, NAT64, 6to4, Teredo).
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
  /** Host names that may have any address, in lower case. */
  readonly allowedHosts: ReadonlySet<string>;
  /** The error for a host without a public address, which says by what it is allowed. */
  refuse(host: string): Error;
}

/** The host of a URL: a name, or an address without brackets. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();

/** Normalizes a host as URLs do: `0x7f.1` and `[::1]` may be allowed as they are written in a source. */
export const plainHost = (written: string): string => {
  const bare = written.replace(/^\[(.*)\]$/, "$1");
  const url = `http://${isIP(bare) === 6 ? `[${bare}]` : bare}`;
  return URL.canParse(url) ? hostOf(new URL(url)) : written.toLowerCase();
};

/** The host of a URL as it is written, before normalization. */
export const writtenHost = (source: string): string | undefined =>
  /^[a-z]+:\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]+)/i.exec(source)?.[1];

/**
 * The name lookup of a connection. It returns to the socket exactly the addresses that it has checked, so that DNS
 * rebinding has no effect.
 *
 * @param written the host as it is written in the source, for the error
 */
export function createGuardedLookup(
  { resolve, allowedHosts, refuse }: AddressRules,
  written?: string,
): LookupFunction {
  return (hostName, options, callback) => {
    resolve(hostName).then(
      (addresses) => {
        const allowed = allowedHosts.has(hostName.toLowerCase());
        const good = addresses.filter(({ address }) => allowed || isPublicAddress(address));
        const [first] = good;
        if (!first) callback(refuse(written ?? hostName), "", 0);
        else if (options.all) callback(null, [...good]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 0),
    );
  };
}

/** Checks an address that is written in the URL itself, for which there is no lookup. @throws what `refuse` returns */
export function refusePrivateAddress(
  url: URL,
  { allowedHosts, refuse }: Pick<AddressRules, "allowedHosts" | "refuse">,
  written?: string,
): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && !allowedHosts.has(host) && !isPublicAddress(host)) throw refuse(written ?? host);
}

/** Checks again which address the socket is connected to. The lookup has checked it already, so this never fails. */
export function refuseConnected(
  socket: Socket,
  url: URL,
  { allowedHosts, refuse }: Pick<AddressRules, "allowedHosts" | "refuse">,
): void {
  if (allowedHosts.has(hostOf(url))) return;
  const judge = () => {
    if (socket.remoteAddress && !isPublicAddress(socket.remoteAddress)) socket.destroy(refuse(hostOf(url)));
  };
  if (socket.connecting) socket.once("connect", judge);
  else judge();
}
