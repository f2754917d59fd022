import { newId } from "../../../kernel/ids.js";
import type { RenderedVariant } from "./render.js";

/**
 * Where a variant's bytes are kept: beside the original, `{companyId}/{bucket}/{YYYY}/{MM}/thumbnails/{uuid}-{run}.jpg`,
 * with the original's uuid. Each run has a key of its own, never used before: what a dead run left may be swept
 * away at any time, and must not be what a living row points at.
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
