import { harmlessName } from "../../platform/http/files/file-name.js";
import type { UrlSigner } from "../../platform/http/files/signed-url.js";
import type { ViewerContext } from "../identity/viewer.js";
import { signedNameOf } from "../identity/viewer.js";
import { isShowable } from "./shown-as.js";

interface Downloadable {
  readonly id: string;
  readonly fileName: string;
  /** Hash of the bytes: when a file is replaced its URLs change, so that no cache serves the old content under them. */
  readonly sha256: string;
}

/** A file of whose kind a URL takes notice. */
export interface Showable extends Downloadable {
  readonly mimeType: string;
}

/** For whom a URL is made, and where the server is reached. */
type Asking = Pick<ViewerContext, "viewer" | "baseUrl">;

interface VariantOfUrl {
  readonly name: string;
  readonly sha256: string;
}

/** Not signed: whether a file may be shown inline depends on the file alone. */
export const INLINE = "&inline";

/** The version in a URL: the beginning of the hash. */
export const urlVersionOf = ({ sha256 }: { readonly sha256: string }): string => sha256.slice(0, 12);

export type DownloadUrls = ReturnType<typeof createDownloadUrls>;

/** Builds the URLs of downloads: absolute, and signed for the viewer. */
export function createDownloadUrls(signer: UrlSigner) {
  // The version is not signed: the present bytes are sent whatever it says.
  const urlOf = (context: Asking, resource: string, file: Downloadable) =>
    context.viewer.kind === "anonymous"
      ? `${context.baseUrl}/${resource}/${encodeURIComponent(file.fileName)}?v=${urlVersionOf(file)}`
      : `${context.baseUrl}${signer.sign({ resource, name: file.fileName, viewerId: signedNameOf(context.viewer) })}&v=${urlVersionOf(file)}`;
  return {
    mediaFile: (context: Asking, file: Downloadable) => urlOf(context, `files/${file.id}`, file),
    /** For display in a browser; null for files that are served for download only. */
    mediaFileInline: (context: Asking, file: Showable) =>
      isShowable(file) ? `${urlOf(context, `files/${file.id}`, file)}${INLINE}` : null,
    mediaFileVariant: (context: Asking, file: Downloadable, variant: string) =>
      urlOf(context, `files/${file.id}/${variant}`, file),
    attachment: (context: Asking, file: Downloadable) => urlOf(context, `attachments/${file.id}`, file),
    attachmentInline: (context: Asking, file: Showable) =>
      isShowable(file) ? `${urlOf(context, `attachments/${file.id}`, file)}${INLINE}` : null,
    attachmentVariant: (context: Asking, file: Downloadable, variant: string) =>
      urlOf(context, `attachments/${file.id}/${variant}`, file),
    /** For a file of a public bucket: the same for everybody, without a signature. */
    publicVariant: (
      { baseUrl }: Pick<ViewerContext, "baseUrl">,
      file: Pick<Downloadable, "id" | "fileName">,
      variant: VariantOfUrl,
    ) =>
      `${baseUrl}/public/${file.id}/${variant.name}/${encodeURIComponent(harmlessName(file.fileName))}?v=${urlVersionOf(variant)}`,
  };
}
