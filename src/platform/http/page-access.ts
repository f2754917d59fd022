/**
 * For routes whose responses every page may read. This is safe: a request has only the rights of its URL's signature or
 * its bearer token, which a foreign page does not have, and there are no cookies. The response does not depend on the
 * page, so caches store a picture once, whether its `<img>` has `crossorigin` or not.
 */
export const READ_BY_EVERY_PAGE = { cors: { origin: "*" } } as const;
