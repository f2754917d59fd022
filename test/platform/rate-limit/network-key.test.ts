import { expect, it } from "@jest/globals";
import { networkKeyOf } from "../../../src/platform/rate-limit/network-key.js";

it.each([
  ["203.0.113.7", "address:203.0.113.7"],
  ["::ffff:203.0.113.7", "address:203.0.113.7"],
  ["2001:db8:1:2::1", "address:2001:db8:1:2::/64"],
  ["2001:DB8:1:2:ffff:ffff:ffff:ffff", "address:2001:db8:1:2::/64"],
  ["2001:db8:1:3::1", "address:2001:db8:1:3::/64"],
  ["fe80::1%eth0", "address:fe80::/64"],
  ["::1", "address:::/64"],
  ["203.0.113.7:4711", "address:203.0.113.7"],
  ["[2001:db8:1:2::1]:4711", "address:2001:db8:1:2::/64"],
  ["[2001:db8:1:2::1]", "address:2001:db8:1:2::/64"],
  // Behind a translator all clients with IPv4 would otherwise be one.
  ["64:ff9b::203.0.113.7", "address:203.0.113.7"],
  // What a client may have written itself makes no counter of its own.
  ["no address", "address:unknown"],
  ["0x7f.1", "address:unknown"],
  ["", "address:unknown"],
])("a client at %s is counted as %s", (address, key) => {
  expect(networkKeyOf(address)).toBe(key);
});
