/**
 * For routes whose answers every page may read. That gives nothing away: a request has no rights but those of its URL's
 * signature or its bearer token, neither of which a foreign page has, and there are no cookies. The answer does not
 * depend on the page that asks, so a picture is kept once, whether its `<img>` has `crossorigin` or not.
 */
export const READ_BY_EVERY_PAGE = { cors: { origin: "*" } } as const;
