/**
 * Headers of every response that has no others of its own: nothing in it is executed, embedded in a page or stored, its
 * type is not guessed, and no URL, whose signature may be a credential, is passed on. `Strict-Transport-Security` is the
 * matter of the proxy that has the certificate.
 */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;
