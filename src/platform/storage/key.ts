/** Both limits are those of the narrowest storage: a file name's, and an S3 key's. */
const MAX_SEGMENT_LENGTH = 255;
const MAX_KEY_LENGTH = 1024;

/**
 * Whether a text may stand between the slashes of a key: letters, digits, `.`, `_` and `-` of ASCII.
 * What begins with a dot is not a key's: `.` and `..` would lead elsewhere, and the rest the storage keeps for itself.
 */
export const isKeySegment = (text: string): boolean =>
  text.length <= MAX_SEGMENT_LENGTH && /^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$/.test(text);

/** @throws on a text that is not a storage key; keys are made by the server, so that this is a bug, never a client's fault */
export function assertKey(key: string): void {
  if (key.length > MAX_KEY_LENGTH || !key.split("/").every(isKeySegment))
    throw new Error(`not a storage key: ${JSON.stringify(key)}`);
}

/** A prefix is what some key may begin with: empty, or a key that may end in a slash. @throws like `assertKey` */
export function assertKeyPrefix(prefix: string): void {
  if (prefix !== "") assertKey(prefix.replace(/\/$/, ""));
}
