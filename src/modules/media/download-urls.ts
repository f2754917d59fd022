import { harmlessName } from "../../platform/http/file-name.js";
import type { UrlSigner } from "../../platform/http/signed-url.js";
import type { ViewerContext } from "../identity/viewer.js";

interface Downloadable {
  readonly id: string;
  readonly fileName: string;
}

export type DownloadUrls = ReturnType<typeof createDownloadUrls>;

/** Makes the URLs that clients download from: absolute, and signed for the viewer who asks. */
export function createDownloadUrls(signer: UrlSigner) {
  const urlOf = (context: ViewerContext, resource: string, name: string) =>
    context.viewer.kind === "user"
      ? `${context.baseUrl}${signer.sign({ resource, name, viewerId: context.viewer.id })}`
      : `${context.baseUrl}/${resource}/${encodeURIComponent(name)}`;
  return {
    mediaFile: (context: ViewerContext, file: Downloadable) =>
      urlOf(context, `files/${file.id}`, file.fileName),
    mediaFileVariant: (context: ViewerContext, file: Downloadable, variant: string) =>
      urlOf(context, `files/${file.id}/${variant}`, file.fileName),
    attachment: (context: ViewerContext, file: Downloadable) =>
      urlOf(context, `attachments/${file.id}`, file.fileName),
    attachmentVariant: (context: ViewerContext, file: Downloadable, variant: string) =>
      urlOf(context, `attachments/${file.id}/${variant}`, file.fileName),
    /** For a file of a public bucket: the same for everybody, without a signature. */
    publicVariant: ({ baseUrl }: Pick<ViewerContext, "baseUrl">, file: Downloadable, variant: string) =>
      `${baseUrl}/public/${file.id}/${variant}/${encodeURIComponent(harmlessName(file.fileName))}`,
  };
}
