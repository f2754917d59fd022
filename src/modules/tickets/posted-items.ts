import type { FileUpload } from "graphql-upload-ts";
import { incomingFiles } from "../../platform/graphql/incoming.js";
import type { PostItem } from "./post-items.js";

interface GivenItem {
  readonly file?: Promise<FileUpload> | null;
  readonly mediaFileId?: string | null;
  readonly caption?: string | null;
}

/** The photos or the clip of an input, as the services take them. */
export function postItems(
  given: readonly GivenItem[],
  context: { readonly requestBytes: number | null },
): { items: PostItem[]; requestBytes: number | null } {
  const { requestBytes } = context;
  const items = given.map(({ file, mediaFileId, caption }) => ({
    file: file == null ? null : incomingFiles([file], context).files[0],
    mediaFileId,
    caption,
  }));
  return { items, requestBytes };
}
