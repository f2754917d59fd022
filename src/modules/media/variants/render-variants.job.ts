import { availableParallelism } from "node:os";
import type { Database } from "../../../platform/database/client.js";
import type { Job } from "../../../platform/jobs/job.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AllBucketRules } from "../buckets.js";
import { FILE_TYPES, kindOf } from "../file-types.js";
import { refuseUnsafe } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import { decodesHeic } from "../pictures/decodes-heic.js";
import type { RenderTurn } from "../pictures/picture-process.js";
import type { Preset } from "../pictures/presets.js";
import { presetsOf } from "../pictures/presets.js";
import type { Rendered, RenderOptions } from "../pictures/render.js";
import type { OnRendered } from "./announce-variants.js";
import { announceVariants } from "./announce-variants.js";
import type { OriginalDeps } from "./original-file.js";
import { openOriginal } from "./original-file.js";
import { forgetFailures, recordFailure } from "./rendering-retry.repository.js";
import { RENDER_VARIANTS } from "./request-variants.js";
import { storeVariants } from "./store-variants.js";
import { classifyDecoderError, Unrenderable } from "./unrenderable.js";
import { findMediaFileToRender, listVariantNames, updateVariantsStatus } from "./variant.repository.js";

export interface RenderVariantsData {
  readonly mediaFileId: string;
}

export interface RenderVariantsDeps extends OriginalDeps {
  readonly db: Database;
  readonly buckets: AllBucketRules;
  readonly onRendered: OnRendered;
  /** The largest image, in pixels (width × height). */
  readonly maxPixels: number;
  readonly render: (
    input: Buffer | string,
    presets: readonly Preset[],
    options: RenderOptions & RenderTurn,
  ) => Promise<Rendered>;
  /**
   * Extracts a picture of a video, given the path of a local file; null if none can be decoded. Left out without
   * ffmpeg.
   */
  readonly posterOf?: (path: string, signal: AbortSignal) => Promise<Buffer | null>;
}

const TIMEOUT_SECONDS = 120;
const DECODING_SECONDS = 60;

/**
 * A rendering keeps a processor and one of libuv's four threads busy, and requests need both: for more than two
 * renderings at once, run more processes.
 */
const AT_ONCE = Math.min(2, Math.max(1, availableParallelism() - 1));

/** Renders those variants of a file's presets that its blob does not have yet. The original is only read. */
export function createRenderVariantsJob(deps: RenderVariantsDeps): Job<RenderVariantsData> {
  return {
    name: RENDER_VARIANTS,
    atOnce: AT_ONCE,
    timeoutSeconds: TIMEOUT_SECONDS,
    retries: 3,
    run: (data, signal) => run(deps, data, signal),
    // A picture that cannot be decoded is not a failed job: failures that reach this point are temporary ones.
    onDead: (data) => giveUp(deps, data),
  };
}

async function run(deps: RenderVariantsDeps, { mediaFileId }: RenderVariantsData, signal: AbortSignal) {
  const file = await findMediaFileToRender(deps.db, mediaFileId);
  if (file === null) return { outcome: "purged" };
  const presets = presetsOf(deps.buckets[file.bucket], file.mimeType);
  if (presets.length === 0) return end(deps, file, "NOT_APPLICABLE");
  const there = new Set((await listVariantNames(deps.db, [file.blobId])).map((variant) => variant.name));
  const missing = presets.filter((preset) => !there.has(preset.name));
  if (missing.length === 0) return end(deps, file, "READY");
  // The end of the scan asks again, and so does a release from quarantine.
  if (file.scanStatus === "PENDING") return { outcome: "waits for its scan" };
  if (file.scanStatus === "INFECTED" || file.scanStatus === "QUARANTINED") return { outcome: "is withheld" };
  refuseUnsafe(file);
  const rendered = await renderFile(deps, file, missing, signal).catch((error: unknown) => {
    if (error instanceof Unrenderable) return error;
    throw error;
  });
  if (rendered instanceof Unrenderable) {
    await fail(deps, file, { mayPass: false });
    return { outcome: "cannot be rendered", reason: rendered.message };
  }
  if (rendered === null) return end(deps, file, "NOT_APPLICABLE");
  const kept = await storeVariants(deps, file, rendered);
  return kept
    ? { outcome: "rendered", variants: missing.map((preset) => preset.name) }
    : { outcome: "purged or replaced" };
}

/** Null for a video without ffmpeg, and for HEIC without a decoder. */
async function renderFile(
  deps: RenderVariantsDeps,
  file: MediaFileView,
  presets: readonly Preset[],
  signal: AbortSignal,
): Promise<Rendered | null> {
  const isVideo = kindOf(file.mimeType) === "VIDEO";
  if (isVideo && !deps.posterOf) return null;
  if (file.mimeType === FILE_TYPES.heic.mimeType && !decodesHeic()) return null;
  const source = await openOriginal(deps, file, { asFile: isVideo, signal });
  try {
    const picture = isVideo ? await deps.posterOf?.(String(source.input), signal) : source.input;
    // Videos without a picture are refused at upload: this one is damaged, or ffmpeg ran out of time.
    if (!picture) throw new Unrenderable("no picture of the video could be decoded");
    const options = {
      maxPixels: deps.maxPixels,
      timeoutSeconds: DECODING_SECONDS,
      companyId: file.companyId,
      signal,
    };
    return await deps.render(picture, presets, options).catch((error: unknown) => {
      throw signal.aborted ? error : classifyDecoderError(error);
    });
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

async function end(
  { db, onRendered }: RenderVariantsDeps,
  file: MediaFileView,
  status: "READY" | "NOT_APPLICABLE",
) {
  if (file.variantsStatus === status) return { outcome: "done before" };
  await db.transaction(async (tx) => {
    if (!(await updateVariantsStatus(tx, file, status))) return;
    await forgetFailures(tx, [file.id]);
    const type = status === "READY" ? "file.variants-ready" : "file.updated";
    await announceVariants({ tx, onRendered }, file, type);
  });
  return { outcome: status };
}

/**
 * After the last retry. It is unknown which content the retries were about: a replaced content is rendered by its own
 * job, which makes it READY.
 */
async function giveUp(deps: RenderVariantsDeps, { mediaFileId }: RenderVariantsData): Promise<void> {
  const file = await findMediaFileToRender(deps.db, mediaFileId);
  if (file) await fail(deps, file, { mayPass: true });
}

/**
 * Records that the content has no variants, and leaves the original as it is.
 *
 * @param mayPass whether it is retried later (`retry-renderings`)
 */
async function fail(
  { db, onRendered }: RenderVariantsDeps,
  file: MediaFileView,
  { mayPass }: { readonly mayPass: boolean },
): Promise<void> {
  const { id, companyId, variantsStatus } = file;
  if (variantsStatus !== "PENDING") return;
  await db.transaction(async (tx) => {
    if (!(await updateVariantsStatus(tx, file, "FAILED"))) return;
    await (mayPass ? recordFailure(tx, id) : forgetFailures(tx, [id]));
    await insertAuditEntry(tx, {
      companyId,
      by: null,
      action: "media-file.rendering-failed",
      subjectType: "media-file",
      subjectId: id,
    });
    await announceVariants({ tx, onRendered }, file, "file.variants-failed");
  });
}
