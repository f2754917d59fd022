import { newId } from "../../../kernel/ids.js";
import type { RenderedVariant } from "../pictures/render.js";

/**
 * The key of a variant: beside the original, `{companyId}/{bucket}/{YYYY}/{MM}/thumbnails/{uuid}-{run}.jpg`, with the
 * original's uuid. Each run uses a new key: bytes left by a killed run may be swept at any time, and must not be those
 * of a row.
 *
 * @param originalKey ends in `originals/{uuid}.{extension}`
 */
export function newVariantKey(
  originalKey: string,
  { preset, extension }: Pick<RenderedVariant, "preset" | "extension">,
): string {
  const [, folder, uuid] = /^(.*)\/originals\/([^/.]+)\.[^/]*$/.exec(originalKey) ?? [];
  if (folder === undefined) throw new Error(`not the key of an original: ${originalKey}`);
  const run = newId().slice(-12);
  return `${folder}/${preset.folder}/${uuid}-${run}.${extension}`;
}
