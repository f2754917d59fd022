import { create } from "content-disposition";

/** Control characters, lone surrogates, path separators, and the marks that make `exe.jpg` out of `gpj.exe`. */
const HARMFUL = /[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069/\\]/gu;

/** A name that is safe in a header or as the last segment of a URL. It is only for display. */
export function harmlessName(name: string): string {
  const harmless = name.replace(HARMFUL, "_");
  return harmless === "" || harmless === "." || harmless === ".." ? "file" : harmless;
}

/** Types that browsers display without running any code in them. */
const SAFE_TO_SHOW = new Set([
  "image/jpeg",
  "image/png",
  "image/gif",
  "image/webp",
  "image/bmp",
  "image/avif",
  "application/pdf",
  "video/mp4",
  "video/webm",
  "video/quicktime",
  "audio/mpeg",
  "audio/mp4",
  "audio/ogg",
  "audio/wav",
  "text/plain",
]);

export const isSafeToShow = (mimeType: string): boolean => SAFE_TO_SHOW.has(mimeType.split(";", 1)[0] ?? "");

/**
 * The `Content-Disposition` of a file (RFC 6266, names in UTF-8 by RFC 8187): `attachment`, unless `inline` is
 * requested and the type is safe to display.
 */
export function contentDisposition(file: { fileName: string; mimeType: string; inline: boolean }): string {
  return create(harmlessName(file.fileName), {
    type: file.inline && isSafeToShow(file.mimeType) ? "inline" : "attachment",
  });
}
