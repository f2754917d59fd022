/** A company's name in addresses: a DNS label (RFC 1123 §2.1) in small letters. The table's check says the same. */
export const SLUG_FORM = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
