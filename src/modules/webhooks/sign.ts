import { createHmac, randomBytes } from "node:crypto";

const PREFIX = "whsec_";
const RANDOM_BYTES = 32;
/** Of the specification. */
const [LEAST_BYTES, MOST_BYTES] = [24, 64];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A new secret, in the form of the Standard Webhooks. */
export const makeSecret = (): string => `${PREFIX}${randomBytes(RANDOM_BYTES).toString("base64")}`;

/** The key of a secret: 24 to 64 bytes; null if it is none. */
export function keyOfSecret(secret: string): Buffer | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : "";
  const key = Buffer.from(text, "base64");
  const isWhole = BASE64.test(text) && key.toString("base64") === text;
  return isWhole && key.length >= LEAST_BYTES && key.length <= MOST_BYTES ? key : null;
}

export interface SignedContent {
  readonly id: string;
  readonly sentAt: Date;
  readonly body: string;
}

/** The headers of a delivery (https://www.standardwebhooks.com). */
export function signedHeaders(secret: string, { id, sentAt, body }: SignedContent): Record<string, string> {
  const key = keyOfSecret(secret);
  if (key === null) throw new Error("the secret of a webhook has the wrong form");
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}
