import { harmlessName } from "../../platform/http/files/file-name.js";
import type { UrlSigner } from "../../platform/http/files/signed-url.js";
import type { ViewerContext } from "../identity/viewer.js";
import { isShowable } from "./shown-as.js";

interface Downloadable {
  readonly id: string;
  readonly fileName: string;
  /** Of the bytes: a file that is replaced gets other URLs, and no cache shows the old content under them. */
  readonly sha256: string;
}

interface Showable extends Downloadable {
  readonly mimeType: string;
}

interface VariantOfUrl {
  readonly name: string;
  readonly sha256: string;
}

/** Not signed either: what may be shown is decided by the file. */
const INLINE = "&inline";

/** How a URL names the bytes that it was given for. */
export const urlVersionOf = ({ sha256 }: { readonly sha256: string }): string => sha256.slice(0, 12);

export type DownloadUrls = ReturnType<typeof createDownloadUrls>;

/** Makes the URLs that clients download from: absolute, and signed for the viewer who asks. */
export function createDownloadUrls(signer: UrlSigner) {
  // The version is not signed, because it decides nothing: whatever it says, the present bytes are sent.
  const urlOf = (context: ViewerContext, resource: string, file: Downloadable) =>
    context.viewer.kind === "anonymous"
      ? `${context.baseUrl}/${resource}/${encodeURIComponent(file.fileName)}?v=${urlVersionOf(file)}`
      : `${context.baseUrl}${signer.sign({ resource, name: file.fileName, viewerId: context.viewer.id })}&v=${urlVersionOf(file)}`;
  return {
    mediaFile: (context: ViewerContext, file: Downloadable) => urlOf(context, `files/${file.id}`, file),
    /** For a page that shows the file; null for what is for download only. */
    mediaFileInline: (context: ViewerContext, file: Showable) =>
      isShowable(file) ? `${urlOf(context, `files/${file.id}`, file)}${INLINE}` : null,
    mediaFileVariant: (context: ViewerContext, file: Downloadable, variant: string) =>
      urlOf(context, `files/${file.id}/${variant}`, file),
    attachment: (context: ViewerContext, file: Downloadable) =>
      urlOf(context, `attachments/${file.id}`, file),
    attachmentInline: (context: ViewerContext, file: Showable) =>
      isShowable(file) ? `${urlOf(context, `attachments/${file.id}`, file)}${INLINE}` : null,
    attachmentVariant: (context: ViewerContext, file: Downloadable, variant: string) =>
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
