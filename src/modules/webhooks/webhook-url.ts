import type { AddressRules } from "../../platform/http/outgoing/public-address.js";
import { hostOf, refusePrivateAddress } from "../../platform/http/outgoing/public-address.js";
import { notAReceiver } from "./webhook.errors.js";

export const MAX_URL_LENGTH = 2_000;

/** Where webhooks may be sent. */
export type ReceiverRules = Pick<AddressRules, "allowedHosts">;

export const receiverRefused = (host: string): Error =>
  new Error(`${host} is in a private or reserved network, and the operator has not allowed it by name.`);

/**
 * The URL of a receiver in its normal form. Names are resolved, and their addresses checked, when something is sent.
 *
 * @throws BAD_USER_INPUT
 */
export function readReceiverUrl(given: string, { allowedHosts }: ReceiverRules): string {
  if (given.length > MAX_URL_LENGTH) throw notAReceiver(`it is longer than ${MAX_URL_LENGTH} characters.`);
  if (!URL.canParse(given)) throw notAReceiver("it is not a URL.");
  const url = new URL(given);
  const isAllowed = allowedHosts.has(hostOf(url));
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isAllowed))
    throw notAReceiver("it must begin with https://.");
  if (url.username !== "" || url.password !== "")
    throw notAReceiver("a name and a password may not stand in it: receivers check the signature.");
  if (url.hash !== "") throw notAReceiver("it has a fragment (#), which is not sent.");
  refusePrivateAddress(url, {
    allowedHosts,
    refuse: (host) => notAReceiver(receiverRefused(host).message),
  });
  return url.href;
}
