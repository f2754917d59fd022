/** Limits of the most restrictive storages: of a file name, and of an S3 key. */
const MAX_SEGMENT_LENGTH = 255;
const MAX_KEY_LENGTH = 1024;

/**
 * Whether a text is a valid segment of a key: ASCII letters, digits, `.`, `_` and `-`. A segment must not begin with a
 * dot: `.` and `..` would escape the root, and other such names are reserved for the storage.
 */
export const isKeySegment = (text: string): boolean =>
  text.length <= MAX_SEGMENT_LENGTH && /^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$/.test(text);

/** @throws if a text is not a storage key; only the server creates keys, so this is a bug, not a client error */
export function assertKey(key: string): void {
  if (key.length > MAX_KEY_LENGTH || !key.split("/").every(isKeySegment))
    throw new Error(`not a storage key: ${JSON.stringify(key)}`);
}

/** A prefix is empty, or a key that may end with a slash. @throws like `assertKey` */
export function assertKeyPrefix(prefix: string): void {
  if (prefix !== "") assertKey(prefix.replace(/\/$/, ""));
}
