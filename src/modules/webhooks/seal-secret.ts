import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const [KEY_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 12, 16];

/** Encrypts the secrets of webhooks, which the server has to know to sign with them. */
export interface SecretSeal {
  /** @param webhookId a sealed secret is good for this webhook only */
  seal(webhookId: string, secret: string): string;
  /** Null if it was sealed with another key, or for another webhook. */
  open(webhookId: string, sealed: string): string | null;
}

/** @param authSecret what the key is derived from: a stolen database alone does not show the secrets */
export function createSecretSeal(authSecret: string): SecretSeal {
  const key = Buffer.from(hkdfSync("sha256", authSecret, "", "filedesk webhook secrets", KEY_BYTES));
  return {
    seal(webhookId, secret) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(webhookId));
      const encrypted = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString("base64");
    },
    open(webhookId, sealed) {
      const bytes = Buffer.from(sealed, "base64");
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(webhookId))
          .setAuthTag(tag);
        const encrypted = bytes.subarray(NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString("utf8");
      } catch {
        return null;
      }
    },
  };
}
