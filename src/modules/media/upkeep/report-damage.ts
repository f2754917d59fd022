import type { Clock } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { ObjectNotFound, WrongSize } from "../../../platform/storage/storage.js";
import type { ReportDamage, StoredBytes } from "../downloads/stored-bytes.js";
import { damagedFile } from "../media.errors.js";
import { notYet } from "../variants/variant.service.js";
import type { VariantOnRecord } from "./integrity.repository.js";
import { recordFinding } from "./record-finding.js";
import type { RenderAgainDeps } from "./render-again.js";
import { renderAgain } from "./render-again.js";

export interface ReportDamageDeps extends RenderAgainDeps {
  readonly storage: Pick<Storage, "check">;
  readonly clock: Clock;
  readonly log: { warn(details: object, message: string): void };
}

const RETRY_AFTER_SECONDS = 30;

/**
 * Handles bytes that turn out to be missing or truncated while they are read: an original is marked, its event recorded
 * and logged once, as by the verification; a variant is rendered again. Nothing is marked while the storage itself is
 * unavailable.
 */
export function createReportDamage(deps: ReportDamageDeps): ReportDamage {
  const isUsable = oneLookAtATime(deps.storage);
  return async (bytes, error) => {
    const finding = findingOf(error);
    if (finding === null) return error;
    if (!(await isUsable())) return storageUnavailable();
    if (!bytes.variant) return mark(deps, bytes, finding);
    const { companyId, blobId } = bytes.file;
    return makeAgain(deps, { companyId, blobId, storageKey: bytes.variant.storageKey }, finding);
  };
}

const findingOf = (error: unknown): "MISSING" | "ALTERED" | null => {
  if (error instanceof ObjectNotFound) return "MISSING";
  return error instanceof WrongSize ? "ALTERED" : null;
};

async function mark(
  { db, clock, log }: ReportDamageDeps,
  { file }: StoredBytes,
  finding: "MISSING" | "ALTERED",
): Promise<FiledeskError> {
  const { companyId, blobId: id, storageKey } = file;
  if (await recordFinding(db, { id, companyId, storageKey }, finding, clock()))
    log.warn({ companyId, storageKey, finding }, "stored bytes are damaged; restore them from a backup");
  return damagedFile(finding === "MISSING" ? "are missing" : "are not those that were uploaded any more");
}

async function makeAgain(
  deps: ReportDamageDeps,
  variant: VariantOnRecord,
  finding: "MISSING" | "ALTERED",
): Promise<FiledeskError> {
  const { companyId, storageKey } = variant;
  if (await renderAgain(deps, variant))
    deps.log.warn({ companyId, storageKey, finding }, "the bytes of a variant are damaged; it is made again");
  return notYet();
}

const storageUnavailable = () =>
  new FiledeskError("SERVICE_UNAVAILABLE", "Files cannot be read at the moment. Try again in a while.", {
    retryAfter: RETRY_AFTER_SECONDS,
  });

/** One check at a time, shared by concurrent callers. */
function oneLookAtATime(storage: Pick<Storage, "check">): () => Promise<boolean> {
  let looking: Promise<boolean> | null = null;
  return () => {
    looking ??= storage
      .check()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        looking = null;
      });
    return looking;
  };
}
