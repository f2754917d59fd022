import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import type { ClaimedBlob, NewBlob } from "../blob.repository.js";
import type { BucketRules } from "../buckets.js";
import { presetsOf } from "../pictures/presets.js";
import { listVariantNames } from "./variant.repository.js";

/** The job that makes variants. */
export const RENDER_VARIANTS = "render-variants";

/**
 * Status of the variants of files that are being recorded: files that share bytes with earlier ones may have all of
 * them. New bytes have none and are not looked up.
 *
 * @param claimed the blobs of the files
 * @param stored those of them whose bytes this upload has stored, by hash
 */
export async function variantsStatusOf(
  tx: Database,
  rules: BucketRules,
  claimed: readonly ClaimedBlob[],
  stored: ReadonlyMap<string, NewBlob>,
) {
  const known = claimed.filter((blob) => stored.get(blob.sha256)?.storageKey !== blob.storageKey);
  const there = new Set<string>();
  if (known.length > 0 && rules.presets.length > 0)
    for (const { blobId, name } of await listVariantNames(
      tx,
      known.map((blob) => blob.id),
    ))
      there.add(`${blobId} ${name}`);
  return (blobId: string, mimeType: string): "NOT_APPLICABLE" | "READY" | "PENDING" => {
    const presets = presetsOf(rules, mimeType);
    if (presets.length === 0) return "NOT_APPLICABLE";
    return presets.every(({ name }) => there.has(`${blobId} ${name}`)) ? "READY" : "PENDING";
  };
}

/** A media file whose variants are requested. */
export interface FileToRender {
  readonly id: string;
  readonly companyId: string;
}

/** Requests variants of files, in the transaction. */
export type RequestVariants = (tx: Database, files: readonly FileToRender[]) => Promise<void>;

/** `requestVariants` as a port. */
export const requestVariantsOf =
  (jobs: JobSender): RequestVariants =>
  (tx, files) =>
    requestVariants({ jobs, tx }, files);

/** Enqueues the jobs that render variants of files, in the transaction that records them. Companies take turns. */
export async function requestVariants(
  { jobs, tx }: { readonly jobs: JobSender; readonly tx: Database },
  files: readonly FileToRender[],
): Promise<void> {
  if (files.length === 0) return;
  await jobs.send(
    tx,
    files.map(({ id, companyId }) => ({
      name: RENDER_VARIANTS,
      data: { mediaFileId: id },
      group: companyId,
    })),
  );
}
