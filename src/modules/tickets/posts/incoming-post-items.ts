import type { FileUpload } from "graphql-upload-ts";
import { requestFiles } from "../../../platform/graphql/request-files.js";
import type { Posting } from "./post.service.js";
import type { PostItem } from "./post-items.js";

interface GivenItem {
  readonly file?: Promise<FileUpload> | null;
  readonly mediaFileId?: string | null;
  readonly caption?: string | null;
}

/** Maps the photos or the clip of an input to the items of a `Posting`. */
export function incomingPostItems(
  given: readonly GivenItem[],
  context: Parameters<typeof requestFiles>[1],
): Pick<Posting, "items" | "requestBytes"> {
  const { files, requestBytes } = requestFiles(
    given.flatMap(({ file }) => file ?? []),
    context,
  );
  const announced = [...files];
  const items = given.map(
    ({ file, mediaFileId, caption }): PostItem => ({
      file: file == null ? null : announced.shift(),
      mediaFileId,
      caption,
    }),
  );
  return { items, requestBytes };
}
