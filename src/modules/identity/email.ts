/** The form of an e-mail address. Whether the address exists is not checked. */
export const EMAIL_FORM = /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u;

/** The longest address that can be delivered to (RFC 5321 §4.5.3.1.3). */
export const MAX_EMAIL_LENGTH = 254;

/** Addresses that differ only in case or surrounding spaces belong to the same account. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();
