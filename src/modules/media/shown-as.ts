import { isSafeToShow } from "../../platform/http/files/file-name.js";
import { FILE_TYPES, typeOfMime } from "./file-types.js";
import type { MediaFileView } from "./media-file.repository.js";

/** Text types that browsers may show, as plain text. Others are for download only. */
const PLAIN: ReadonlySet<string> = new Set([FILE_TYPES.txt.mimeType, FILE_TYPES.csv.mimeType]);

/** Whether browsers may show a file inline: it contains nothing active, and its extension fits its type. */
export function isShowable({ fileName, mimeType }: Pick<MediaFileView, "fileName" | "mimeType">): boolean {
  if (!mimeType.startsWith("text/")) return isSafeToShow(mimeType);
  const ending = fileName.slice(fileName.lastIndexOf(".") + 1).toLowerCase();
  return PLAIN.has(mimeType) && (typeOfMime(mimeType)?.extensions.includes(ending) ?? false);
}

/**
 * Content-Type and disposition of a file. Text types state their charset, which browsers would otherwise guess; HTML is
 * never served as such; and a file whose name belongs to another type, such as CSV named .xls, is not shown inline.
 *
 * @param inline whether the client asks for inline display
 */
export function shownAs(
  file: Pick<MediaFileView, "fileName" | "mimeType" | "metadata">,
  inline: boolean,
): { readonly mimeType: string; readonly inline: boolean } {
  const { mimeType, metadata } = file;
  if (mimeType === FILE_TYPES.html.mimeType) return { mimeType: "application/octet-stream", inline: false };
  const isShown = inline && isShowable(file);
  if (!mimeType.startsWith("text/")) return { mimeType, inline: isShown };
  const charset = metadata.charset === undefined ? "" : `; charset=${metadata.charset}`;
  return { mimeType: `${isShown ? "text/plain" : mimeType}${charset}`, inline: isShown };
}
