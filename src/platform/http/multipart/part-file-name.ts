/** The output of `encodeURIComponent` and of Python's `quote`, with which React Native and aiohttp encode every name. */
const ENCODED = /^(?:[\w.!~*'()-]|%[0-9a-f]{2})+$/i;

/** The only sequences that browsers encode (HTML Standard, "multipart/form-data encoding algorithm"). */
const ENCODED_BY_BROWSERS = /%(?:22|0A|0D)/gi;

const CONTROLS_BUT_LINE_ENDS = /(?![\r\n])\p{Cc}/u;

/**
 * Decodes the `filename` of a part. It does not declare its encoding: it is decoded completely if React Native or
 * aiohttp may have encoded it, otherwise like a browser's (docs/decisions/0046).
 */
export function nameOfPart(filename: string): string {
  if (filename.includes("%") && ENCODED.test(filename)) {
    const decoded = decodedAsWhole(filename);
    if (decoded !== null) return decoded;
  }
  return filename.replace(ENCODED_BY_BROWSERS, decodeURIComponent);
}

const EXTENDED = /(;\s*filename\*\s*=\s*[^';]*'[^';]*')([^;\s]*)/i;

/** Whether a `Content-Disposition` has the parameter `filename*`, which declares its encoding (RFC 8187). */
export const hasExtendedName = (disposition: string): boolean => EXTENDED.test(disposition);

/**
 * Encodes the characters of `filename*` that `encodeURIComponent` leaves and RFC 8187 does not allow, because busboy
 * ignores a part that contains them.
 */
export const withValidName = (disposition: string): string =>
  disposition.replace(
    EXTENDED,
    (_, start: string, value: string) =>
      start + value.replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`),
  );

/** Null if it is not UTF-8, or contains control characters other than line breaks. */
function decodedAsWhole(filename: string): string | null {
  try {
    const decoded = decodeURIComponent(filename);
    return CONTROLS_BUT_LINE_ENDS.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}
