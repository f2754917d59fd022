import type { Clock } from "../../../kernel/clock.js";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../kernel/clock.js";
import { badUserInput, unauthenticated } from "../../../kernel/errors.js";
import { writeSignedFor } from "../../../platform/http/files/signed-for.js";
import type { UrlSigner } from "../../../platform/http/files/signed-url.js";
import type { Identified, ViewerContext } from "../../identity/viewer.js";
import { signedNameOf } from "../../identity/viewer.js";
import type { Showable } from "../download-urls.js";
import { INLINE, urlVersionOf } from "../download-urls.js";
import { isShowable } from "../shown-as.js";

export interface SignedUrlDeps {
  readonly signer: Pick<UrlSigner, "sign">;
  readonly clock: Clock;
  /** Of URLs for which nothing else is asked. */
  readonly defaultMinutes: number;
  readonly maxMinutes: number;
}

/** What is asked of a URL. */
export interface UrlWish {
  readonly expiresInMinutes?: number | null | undefined;
  readonly inline: boolean;
}

/** What a URL is asked for. */
export interface UrlTarget {
  readonly resource: string;
  readonly file: Showable;
  /** Whether browsers may display it. */
  readonly isShown: boolean;
}

export interface SignedUrlView {
  readonly url: string;
  readonly expiresAt: Date;
}

/** A quarter of the lifetime, so that many requests share a URL, and never so long that it belies what was asked. */
const MAX_WINDOW_MS = HOUR_MS;
const WINDOWS_PER_LIFETIME = 4;

/** The end of the first window in which the lifetime is over: never before what was asked. */
export function expiryAfter(now: Date, lifetimeMs: number): Date {
  const windowMs = Math.min(lifetimeMs / WINDOWS_PER_LIFETIME, MAX_WINDOW_MS);
  return new Date(Math.ceil((now.getTime() + lifetimeMs) / windowMs) * windowMs);
}

export type SignedUrls = ReturnType<typeof createSignedUrls>;

/** Builds URLs of downloads whose lifetime the client chooses. */
export function createSignedUrls({ signer, clock, defaultMinutes, maxMinutes }: SignedUrlDeps) {
  const lifetimeOf = ({ expiresInMinutes }: UrlWish): number => {
    const minutes = expiresInMinutes ?? Math.min(defaultMinutes, maxMinutes);
    if (minutes >= 1 && minutes <= maxMinutes) return minutes * MINUTE_MS;
    throw badUserInput(
      `A signed URL can be valid for 1 to ${maxMinutes} minutes, not for ${minutes}. Ask for a new one when it has expired.`,
      { field: "expiresInMinutes", min: 1, max: maxMinutes },
    );
  };

  const sign = (
    context: ViewerContext,
    { resource, file, isShown }: UrlTarget,
    wish: UrlWish,
  ): SignedUrlView => {
    const { viewer, baseUrl } = context;
    if (viewer.kind === "anonymous") throw unauthenticated();
    const expiresAt = withinKey(viewer, expiryAfter(clock(), lifetimeOf(wish)));
    const path = signer.sign({ resource, name: file.fileName, viewerId: signedFor(viewer), expiresAt });
    const inline = wish.inline && isShown ? INLINE : "";
    return { url: `${baseUrl}${path}&v=${urlVersionOf(file)}${inline}`, expiresAt };
  };

  return {
    mediaFile: (context: ViewerContext, file: Showable, wish: UrlWish) =>
      sign(context, { resource: `files/${file.id}`, file, isShown: isShowable(file) }, wish),
    /** Every variant is an image that browsers show, whatever the type of the original. */
    mediaFileVariant: (
      context: ViewerContext,
      { file, name }: { file: Showable; name: string },
      wish: UrlWish,
    ) => sign(context, { resource: `files/${file.id}/${name}`, file, isShown: true }, wish),
    attachment: (context: ViewerContext, file: Showable, wish: UrlWish) =>
      sign(context, { resource: `attachments/${file.id}`, file, isShown: isShowable(file) }, wish),
  };
}

/** A URL that may be valid for days ends with the session in which it was asked for. */
const signedFor = (viewer: Identified): string =>
  viewer.kind === "user" ? writeSignedFor(viewer) : signedNameOf(viewer);

/** A key that expires takes its URLs with it: they say so from the beginning. */
function withinKey(viewer: Identified, expiresAt: Date): Date {
  const end = viewer.kind === "api-key" ? viewer.expiresAt : null;
  if (end === null || end >= expiresAt) return expiresAt;
  return new Date(Math.floor(end.getTime() / SECOND_MS) * SECOND_MS);
}
