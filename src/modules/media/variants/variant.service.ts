import type { Clock } from "../../../kernel/clock.js";
import { badUserInput, FiledeskError, gone, notFound } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { AllBucketRules } from "../buckets.js";
import type { DownloadUrls } from "../download-urls.js";
import { isExpired } from "../find-media-file.js";
import { refuseUnsafe } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import { findMediaFile } from "../media-file.repository.js";
import { PRESET_NAMES, presetsOf } from "../pictures/presets.js";
import type { VariantLoaders } from "./variant.loaders.js";
import type { VariantView } from "./variant.repository.js";
import { findVariant } from "./variant.repository.js";

export interface VariantDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly buckets: AllBucketRules;
  readonly loaders: VariantLoaders;
  readonly urls: DownloadUrls;
}

/** The properties of a file that determine its variants. */
type Pictured = Pick<
  MediaFileView,
  "id" | "companyId" | "blobId" | "bucket" | "fileName" | "mimeType" | "sha256"
>;

/** A variant with the file that it is shown of. */
export interface ShownVariant extends VariantView {
  readonly url: string;
  readonly file: Pictured;
}

export type VariantService = ReturnType<typeof createVariantService>;

/** A rendering takes seconds: a client that asks too early retries. */
const RETRY_AFTER_SECONDS = 2;

/** The variants of files that the viewer may read. */
export function createVariantService({ db, clock, buckets, loaders, urls }: VariantDeps) {
  const namesOf = (file: Pick<MediaFileView, "bucket" | "mimeType">) =>
    presetsOf(buckets[file.bucket], file.mimeType).map((preset) => preset.name);
  const isPublic = ({ bucket }: Pick<MediaFileView, "bucket">) => buckets[bucket].access === "public";

  const variants = async (context: ViewerContext, file: Pictured): Promise<ShownVariant[]> => {
    const found = await loaders.ofBlob(context).load(file);
    return namesOf(file).flatMap((name) => {
      const variant = found.find((candidate) => candidate.name === name);
      if (variant === undefined) return [];
      const url = isPublic(file)
        ? urls.publicVariant(context, file, variant)
        : urls.mediaFileVariant(context, file, name);
      return [{ ...variant, url, file }];
    });
  };

  /** @throws NOT_FOUND, with `retryAfter` while it is being rendered; FILE_NOT_SCANNED, FILE_INFECTED */
  const requireVariant = async (file: MediaFileView, name: string): Promise<VariantView> => {
    refuseUnsafe(file);
    if (!namesOf(file).includes(name)) throw notFound("variant");
    const variant = await findVariant(db, { companyIds: [file.companyId] }, file.blobId, name);
    if (variant !== null) return variant;
    throw file.variantsStatus === "PENDING" ? notYet() : notFound("variant");
  };

  return {
    /** The variants that are rendered, the largest first. */
    variants,

    /**
     * Null until it is rendered, and if the file's bucket does not have it. @throws BAD_USER_INPUT if no bucket has it
     */
    async variant(context: ViewerContext, file: Pictured, name: string) {
      if (!PRESET_NAMES.includes(name))
        throw badUserInput(`There is no variant "${name}". There are ${PRESET_NAMES.join(", ")}.`, {
          field: "name",
          allowed: PRESET_NAMES,
        });
      return (await variants(context, file)).find((variant) => variant.name === name) ?? null;
    },

    requireVariant,

    /**
     * For a download without a sign-in. A private file looks as if it did not exist.
     *
     * @throws NOT_FOUND, GONE, FILE_NOT_SCANNED, FILE_INFECTED
     */
    async requirePublic(id: string, name: string): Promise<{ file: MediaFileView; variant: VariantView }> {
      const file = isId(id) ? await findMediaFile(db, "every company", id) : null;
      if (file === null || file.versionOf !== null || !isPublic(file)) throw notFound("file");
      if (file.deletedAt !== null || (await isExpired({ db, clock }, file))) throw gone("file");
      return { file, variant: await requireVariant(file, name) };
    },

    /**
     * The URL of a public file: that of its largest variant. Null for a private file.
     *
     * @throws GONE, and what `requireVariant` throws
     */
    async publicUrl(context: Pick<ViewerContext, "baseUrl">, id: string): Promise<string | null> {
      const file = await findMediaFile(db, "every company", id);
      if (file === null || !isPublic(file)) return null;
      if (file.deletedAt !== null || (await isExpired({ db, clock }, file))) throw gone("file");
      const [largest = ""] = namesOf(file);
      return urls.publicVariant(context, file, await requireVariant(file, largest));
    },
  };
}

/** The variant is not rendered yet, or is being rendered again. */
export const notYet = () =>
  new FiledeskError("NOT_FOUND", "This variant is being made. Try again in a moment.", {
    retryAfter: RETRY_AFTER_SECONDS,
  });
