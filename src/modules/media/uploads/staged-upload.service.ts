import { HOUR_MS } from "../../../kernel/clock.js";
import { conflict, FiledeskError, gone, notFound, unauthenticated } from "../../../kernel/errors.js";
import { isId, newId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { LimitFor } from "../../identity/api-keys/api-key-limits.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import { authorshipOf } from "../../identity/viewer.js";
import type { Bucket } from "../buckets.js";
import { ownUploads } from "../ingest/staged-file.js";
import type { UploadAdmission } from "../ingest/upload-admission.js";
import { refuseWithoutRoom } from "../quota/storage-quota.js";
import { abortParts } from "../staging/abort-parts.js";
import * as repository from "../staging/staged-upload.repository.js";
import type { StagedUploadRow, UploadMethod } from "../staging/staged-upload.tables.js";
import type { DeclaredFile } from "./declared-file.js";
import { refuseDeclared } from "./declared-file.js";
import { beginParts } from "./direct-parts.js";
import { refuseIndirect } from "./direct-upload.js";
import type { FinishDeps } from "./finish-upload.js";
import type { UploadLeases } from "./upload-lease.js";
import type { TargetIds, UploadTargets } from "./upload-targets.js";
import { targetOf } from "./upload-targets.js";

export interface StagedUploadLimits {
  /** Open at once, of one person. */
  readonly open: number;
  /** What the limits of a person are for others. */
  readonly limitFor: LimitFor;
  /** Until an upload that nothing has used expires. */
  readonly hours: number;
}

export interface StagedUploadDeps extends FinishDeps {
  readonly db: Database;
  readonly targets: UploadTargets;
  readonly leases: UploadLeases;
  readonly admission: Pick<UploadAdmission, "admitFiles">;
  readonly limits: StagedUploadLimits;
}

export interface NewUpload extends TargetIds, DeclaredFile {
  readonly bucket: Bucket;
  readonly method?: UploadMethod;
  /** The `Upload-Metadata` of a client that begins it with tus. */
  readonly tusMetadata?: string | null;
}

export type StagedUploadService = ReturnType<typeof createStagedUploadService>;

/** Uploads that arrive apart from the mutation that uses them. Only their owner knows of them. */
export function createStagedUploadService(deps: StagedUploadDeps) {
  const { db, clock, limits } = deps;
  return {
    /**
     * Begins an upload: checks whatever can be checked before the first byte.
     *
     * @throws what the mutation would throw that takes the file; RATE_LIMITED, QUOTA_EXCEEDED for too many open ones
     */
    startUpload: (viewer: Viewer, input: NewUpload) => startUpload(deps, viewer, input),

    /** Null for one that does not exist, has expired, or is somebody else's. */
    async stagedUpload(viewer: Viewer, id: string): Promise<StagedUploadRow | null> {
      const row = isId(id)
        ? await repository.findStagedUpload(db, ownUploads(requireIdentified(viewer)), id)
        : null;
      return row && row.expiresAt > clock() ? row : null;
    },

    /** The viewer's uploads that a mutation may still take, or that are still arriving; the newest first. */
    openUploads(viewer: Viewer): Promise<StagedUploadRow[]> {
      return repository.listOpenUploads(db, ownUploads(requireIdentified(viewer)), {
        now: clock(),
        limit: limits.limitFor(viewer, limits.open),
      });
    },

    /** Removes an upload that has not been used, with its bytes. @throws CONFLICT for a used one, NOT_FOUND, GONE */
    async cancelUpload(viewer: Viewer, id: string): Promise<StagedUploadRow> {
      const by = requireIdentified(viewer);
      return cancelUpload(deps, by, await requireOwn(deps, by, id));
    },
  };
}

/** @throws UNAUTHENTICATED */
export function requireIdentified(viewer: Viewer): Identified {
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
  return viewer;
}

/** An upload of the viewer's own that exists. @throws NOT_FOUND, GONE */
export async function requireOwn(
  { db, clock }: Pick<StagedUploadDeps, "db" | "clock">,
  viewer: Identified,
  id: string,
): Promise<StagedUploadRow> {
  const row = isId(id) ? await repository.findStagedUpload(db, ownUploads(viewer), id) : null;
  if (row === null) throw notFound("upload");
  if (row.status === "CANCELLED" || row.expiresAt <= clock()) throw gone("upload");
  return row;
}

async function startUpload(
  deps: StagedUploadDeps,
  viewer: Viewer,
  input: NewUpload,
): Promise<StagedUploadRow> {
  const { db, storage, clock, buckets, targets, limits } = deps;
  const { bucket, size, fileName, mimeType } = input;
  const { id, authorizeUpload } = targetOf(targets, input, bucket);
  // What is too large for its bucket is refused for that, whatever room there is.
  const target = { id, bucket, size: Math.min(size ?? 0, buckets[bucket].maxBytes) };
  const { viewer: by, companyId } = await authorizeUpload(db, viewer, target);
  refuseDeclared(input, buckets[bucket]);
  await refuseWithoutRoom(db, companyId, Math.max(1, target.size));
  const method = input.method ?? "RESUMABLE";
  if (method === "DIRECT") refuseIndirect(storage, size);
  await deps.admission.admitFiles(by, 1);
  const now = clock();
  const owner = authorshipOf(by);
  const file = { id: newId(), bucket, method, fileName, mimeType, size };
  return beginParts(storage, file, (multipart) =>
    writeAs(db, { viewer: by, companyId }, async (tx, known) => {
      await authorizeUpload(tx, known, target);
      const open = await repository.countOpenUploads(tx, owner, now);
      const mostOpen = limits.limitFor(known, limits.open);
      if (open >= mostOpen) throw tooManyOpen(mostOpen, open);
      return repository.insertStagedUpload(tx, {
        ...file,
        companyId,
        ownerId: owner.userId,
        ownerGuestId: owner.guestId,
        ownerApiKeyId: owner.apiKeyId ?? null,
        multipart,
        tusMetadata: input.tusMetadata ?? null,
        expiresAt: new Date(now.getTime() + limits.hours * HOUR_MS),
      });
    }),
  );
}

async function cancelUpload(
  { db, staging, storage, leases }: StagedUploadDeps,
  viewer: Identified,
  upload: StagedUploadRow,
): Promise<StagedUploadRow> {
  const { id, companyId } = upload;
  return leases.withLease(upload, async () => {
    const cancelled = await writeAs(db, { viewer, companyId }, async (tx, known) => {
      const [row] = await repository.lockStagedUploads(tx, ownUploads(known), [id]);
      if (row === undefined) throw notFound("upload");
      if (row.status === "USED")
        throw conflict("This upload has been used: delete what uses it instead.", {
          mediaFileId: row.mediaFileId,
        });
      await repository.updateAsCancelled(tx, companyId, id);
      return row;
    });
    // What cannot be removed now is left to the sweeps.
    await abortParts(storage, cancelled).catch(() => {});
    await staging.remove([id]).catch(() => {});
    if (cancelled.storageKey !== null) await storage.delete([cancelled.storageKey]).catch(() => {});
    return { ...cancelled, status: "CANCELLED" as const, storageKey: null };
  });
}

const tooManyOpen = (limit: number, actual: number) =>
  new FiledeskError(
    "QUOTA_EXCEEDED",
    `You have ${actual} uploads that nothing uses yet, and ${limit} are allowed. Use or cancel some first.`,
    { limit, actual },
  );
