/** What counts as an e-mail address here: whether it is anybody's, only a letter to it can tell. */
export const EMAIL_FORM = /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u;

/** The longest address that can be delivered to (RFC 5321 §4.5.3.1.3). */
export const MAX_EMAIL_LENGTH = 254;

/** One person, one address: case and surrounding spaces do not tell accounts apart. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();
