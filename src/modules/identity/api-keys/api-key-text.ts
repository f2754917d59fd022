import { createHash, randomBytes } from "node:crypto";

/** Not the beginning of any JWT; scanners for leaked secrets know keys by such a prefix. */
const PREFIX = "fdk_";
/** 256 bits, in hexadecimal digits: a double click selects all of it. */
const RANDOM_BYTES = 32;
const FORM = /^fdk_[0-9a-f]{64}$/;
/** 32 bits of the key, by which people tell keys apart; 224 remain unknown. */
const SHOWN_LENGTH = PREFIX.length + 8;

/** Whether a bearer token is meant as an API key, valid or not. */
export const resemblesApiKey = (token: string): boolean => token.startsWith(PREFIX);

/** A new key. It exists in the response alone: only its hash is stored. */
export const makeApiKey = (): string => `${PREFIX}${randomBytes(RANDOM_BYTES).toString("hex")}`;

/** The beginning, which is stored and shown. */
export const shownPrefixOf = (key: string): string => key.slice(0, SHOWN_LENGTH);

/**
 * The hash by which a key is stored and found; null if it cannot be one. A fast hash is enough for a key of 256 random
 * bits, which nobody guesses (docs/decisions/0069), and whoever measures how long the look-up takes learns of hashes
 * that they cannot choose.
 */
export const hashOfApiKey = (key: string): string | null =>
  FORM.test(key) ? createHash("sha256").update(key).digest("hex") : null;
