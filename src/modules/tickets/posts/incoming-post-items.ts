import type { FileUpload } from "graphql-upload-ts";
import { requestFiles } from "../../../platform/graphql/request-files.js";
import type { Posting } from "./post.service.js";
import type { PostItem } from "./post-items.js";
import { giveOne } from "./post-items.js";

interface GivenItem {
  readonly file?: Promise<FileUpload> | null;
  readonly stagedUploadId?: string | null;
  readonly mediaFileId?: string | null;
  readonly caption?: string | null;
}

/** Maps the photos or the clip of an input to the items of a `Posting`. */
export function incomingPostItems(
  given: readonly GivenItem[],
  context: Parameters<typeof requestFiles>[1],
): Pick<Posting, "items" | "requestBytes"> {
  const sent = given.flatMap(({ file }) => file ?? []);
  const { files, requestBytes } = requestFiles({ files: sent }, context);
  const announced = [...files];
  const items = given.map(({ file, stagedUploadId, mediaFileId, caption }): PostItem => {
    const incoming = [
      ...(file == null ? [] : announced.splice(0, 1)),
      ...(stagedUploadId == null ? [] : [{ stagedUploadId }]),
    ];
    if (incoming.length > 1) throw giveOne();
    return { file: incoming[0] ?? null, mediaFileId, caption };
  });
  return { items, requestBytes };
}
