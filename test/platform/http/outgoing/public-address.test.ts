import { describe, expect, it } from "@jest/globals";
import {
  createGuardedLookup,
  isPublicAddress,
} from "../../../../src/platform/http/outgoing/public-address.js";

describe("addresses that the server reaches", () => {
  it.each(["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "::ffff:8.8.8.8"])(
    "%s is public",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ["loopback", "127.0.0.1"],
    ["loopback, another", "127.8.9.10"],
    ["loopback in IPv6", "::1"],
    ["unspecified", "0.0.0.0"],
    ["unspecified in IPv6", "::"],
    ["private, class A", "10.0.0.1"],
    ["private, class B", "172.31.255.255"],
    ["private, class C", "192.168.1.1"],
    ["shared (CGNAT)", "100.64.0.1"],
    ["link-local, and the metadata of most clouds", "169.254.169.254"],
    ["metadata of a cloud in a public range", "168.63.129.16"],
    ["benchmarks", "198.18.0.1"],
    ["documentation", "203.0.113.7"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["link-local in IPv6", "fe80::1"],
    ["unique local", "fd00:ec2::254"],
    ["site-local", "fec0::1"],
    ["multicast in IPv6", "ff02::1"],
    ["documentation in IPv6", "2001:db8::1"],
    ["IPv4 mapped", "::ffff:127.0.0.1"],
    ["IPv4 mapped, in hex", "::ffff:a9fe:a9fe"],
    ["IPv4 compatible", "::127.0.0.1"],
    ["IPv4 translated", "::ffff:0:7f00:1"],
    ["NAT64", "64:ff9b::7f00:1"],
    ["NAT64, local use", "64:ff9b:1::a00:1"],
    ["6to4", "2002:7f00:1::"],
    ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    ["with a zone", "fe80::1%eth0"],
    ["a name", "localhost"],
    ["short forms", "127.1"],
    ["octal", "0177.0.0.1"],
    ["nothing", ""],
  ])("%s is not (%s %s)", (_kind, address) => expect(isPublicAddress(address)).toBe(false));
});

describe("the name lookup of a connection", () => {
  const lookUp = (addresses: readonly string[], allowedHosts: readonly string[] = []) =>
    new Promise((resolve) => {
      const family = (address: string) => (address.includes(":") ? 6 : 4);
      const lookup = createGuardedLookup({
        resolve: async () => addresses.map((address) => ({ address, family: family(address) })),
        allowedHosts: new Set(allowedHosts),
        refuse: (host) => new Error(`${host} is private`),
      });
      lookup("Files.Example", { all: true }, (error, found) => resolve(error ?? found));
    });

  it("hands the socket the public ones of a name's addresses alone", async () => {
    expect(await lookUp(["10.0.0.1", "1.1.1.1", "::1"])).toEqual([{ address: "1.1.1.1", family: 4 }]);
  });

  it("refuses a name that has none", async () => {
    expect(await lookUp(["10.0.0.1", "fd00::1"])).toEqual(new Error("Files.Example is private"));
  });

  it("lets a name that is allowed lead anywhere", async () => {
    expect(await lookUp(["10.0.0.1"], ["files.example"])).toEqual([{ address: "10.0.0.1", family: 4 }]);
  });
});
