import { isSafeToShow } from "../../platform/http/files/file-name.js";
import { FILE_TYPES, typeOfMime } from "./file-types.js";
import type { MediaFileView } from "./media-file.repository.js";

/** Texts that are shown as they are, as plain text. Others are for programs, and are for download only. */
const PLAIN: ReadonlySet<string> = new Set([FILE_TYPES.txt.mimeType, FILE_TYPES.csv.mimeType]);

/** Whether browsers are given a file to show, where that is asked for: what runs nothing, and is what its name says. */
export function isShowable({ fileName, mimeType }: Pick<MediaFileView, "fileName" | "mimeType">): boolean {
  if (!mimeType.startsWith("text/")) return isSafeToShow(mimeType);
  const ending = fileName.slice(fileName.lastIndexOf(".") + 1).toLowerCase();
  return PLAIN.has(mimeType) && (typeOfMime(mimeType)?.extensions.includes(ending) ?? false);
}

/**
 * With which Content-Type the bytes of a file are sent, and whether they may be shown: a text says how it is written,
 * which browsers would otherwise guess; nothing is ever sent as HTML; and what stands under another kind's name, such
 * as a table that is called .xls, is not shown.
 *
 * @param inline whether it is asked for to be shown
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
