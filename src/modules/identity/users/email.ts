import { composed, singleLine } from "../../../kernel/text.js";

/** The form of an e-mail address. Whether the address exists is not checked. */
const FORM = /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u;

/** The longest address that can be delivered to (RFC 5321 §4.5.3.1.3). */
const MAX_LENGTH = 254;

/**
 * Addresses that differ only in case, surrounding spaces, direction marks (some programs copy them along) or Unicode
 * normalization belong to the same account.
 */
export const normalizeEmail = (email: string): string => composed(singleLine(email).toLowerCase());

/** Whether a normalized text has the form of an e-mail address. */
export const isEmail = (normalized: string): boolean =>
  normalized.length <= MAX_LENGTH && FORM.test(normalized);
