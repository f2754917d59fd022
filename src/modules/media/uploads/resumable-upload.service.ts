import { conflict, notFound } from "../../../kernel/errors.js";
import type { IncomingBytes, ResumableUpload } from "../../../platform/http/tus/resumable-uploads.js";
import { confirmViewer } from "../../identity/confirm-viewer.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import type { UploadAdmission } from "../ingest/upload-admission.js";
import { fileTooLarge } from "../media.errors.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { finishUpload } from "./finish-upload.js";
import { receiveBytes } from "./receive-bytes.js";
import { refuseEnded } from "./refuse-ended.js";
import type { StagedUploadDeps } from "./staged-upload.service.js";
import { requireIdentified, requireOwn } from "./staged-upload.service.js";
import type { UploadLease } from "./upload-lease.js";
import { whileAllowed } from "./while-allowed.js";

export interface ResumableUploadDeps extends StagedUploadDeps {
  readonly admission: Pick<UploadAdmission, "admitFiles" | "occupy">;
}

export type ResumableUploadService = ReturnType<typeof createResumableUploadService>;

/** The bytes of staged uploads, as they arrive over tus. */
export function createResumableUploadService(deps: ResumableUploadDeps) {
  return {
    /** The largest upload of all buckets, in bytes. */
    maxBytes: Math.max(...Object.values(deps.buckets).map((rules) => rules.maxBytes)),

    /**
     * The offset from which a client continues. A request that still waits for bytes is ended first, so that the offset
     * does not change any more; an upload that is complete is checked, if its server was killed before.
     *
     * @throws NOT_FOUND, GONE for one that has expired, was cancelled or refused
     */
    async find(viewer: Viewer, id: string): Promise<ResumableUpload> {
      const by = requireIdentified(viewer);
      const upload = await requireOwn(deps, by, id);
      refuseDirect(upload);
      if (upload.status === "READY" || upload.status === "USED") return stateOf(upload);
      refuseEnded(upload);
      // No request has to be ended: nothing is written.
      if (upload.status === "RECEIVING" && upload.leaseId === null) return stateOf(upload);
      return deps.leases.withLease(upload, async (lease) => {
        refuseEnded(lease.upload);
        if (lease.upload.status === "CHECKING") await finishUpload(deps, lease, by);
        return stateOf(lease.upload);
      });
    },

    /**
     * Appends bytes; after the last ones, the file is checked and stored. It ends soon after the viewer's access does.
     *
     * @throws CONFLICT for another offset, FILE_TOO_LARGE, UPLOAD_INCOMPLETE, RATE_LIMITED, and why the file is refused
     */
    async append(viewer: Viewer, id: string, bytes: IncomingBytes): Promise<ResumableUpload> {
      const by = requireIdentified(viewer);
      const upload = await requireOwn(deps, by, id);
      refuseDirect(upload);
      const slot = deps.admission.occupy(by);
      try {
        return await whileAllowed(
          () => confirmOwn(deps, by, upload),
          (ended) =>
            deps.leases.withLease(upload, (lease) => {
              const signal = AbortSignal.any([lease.signal, ended]);
              return append(deps, { ...lease, signal, by }, bytes);
            }),
        );
      } finally {
        slot.release();
      }
    },
  };
}

/** @throws UNAUTHENTICATED, NOT_FOUND, GONE if a new request of the viewer would not find the upload any more */
async function confirmOwn(deps: StagedUploadDeps, viewer: Identified, { id, companyId }: StagedUploadRow) {
  const confirmed = await deps.db.transaction((tx) => confirmViewer(tx, { viewer, companyId }));
  await requireOwn(deps, confirmed, id);
}

async function append(
  deps: ResumableUploadDeps,
  { by, ...lease }: UploadLease & { readonly by: Identified },
  { offset, size: stated, body, bodyBytes, checksum }: IncomingBytes,
): Promise<ResumableUpload> {
  const { upload, write } = lease;
  refuseEnded(upload);
  if (upload.receivedBytes !== offset) throw otherOffset(upload.receivedBytes);
  const maxBytes = upload.size ?? deps.buckets[upload.bucket].maxBytes;
  const size = upload.size ?? stated;
  if (stated !== null) refuseSize(upload, stated, maxBytes);
  if (bodyBytes !== null && offset + bodyBytes > (size ?? maxBytes))
    throw fileTooLarge(size ?? maxBytes, offset + bodyBytes);
  if (size !== upload.size) await write({ size });
  if (upload.status === "RECEIVING") {
    const receivedBytes = await receiveBytes(deps.staging, lease, { body, checksum }, size ?? maxBytes);
    const isComplete = receivedBytes === size;
    await write({ receivedBytes, ...(isComplete && { status: "CHECKING" }) });
    if (!isComplete) return stateOf({ ...upload, size, receivedBytes });
  }
  const complete = { ...upload, size, receivedBytes: size ?? upload.receivedBytes };
  await finishUpload(deps, { ...lease, upload: complete }, by);
  return stateOf(complete);
}

/** @throws BAD_USER_INPUT, FILE_TOO_LARGE for a size that the upload cannot have */
function refuseSize({ size, receivedBytes }: StagedUploadRow, stated: number, maxBytes: number): void {
  if (size !== null && size !== stated)
    throw conflict(`The size of this upload is ${size}, and cannot be changed.`, { actual: size });
  if (stated > maxBytes) throw fileTooLarge(maxBytes, stated);
  if (stated < receivedBytes || stated === 0)
    throw conflict(`${receivedBytes} bytes have arrived: the size cannot be ${stated}.`, {
      actual: receivedBytes,
    });
}

/** The bytes of a direct upload go to the store. @throws NOT_FOUND */
function refuseDirect({ method }: StagedUploadRow): void {
  if (method === "DIRECT") throw notFound("upload");
}

const otherOffset = (actual: number) =>
  conflict(`The offset of this upload is ${actual}: continue from there.`, { actual });

const stateOf = (upload: StagedUploadRow): ResumableUpload => ({
  id: upload.id,
  offset: upload.receivedBytes,
  size: upload.size,
  expiresAt: upload.expiresAt,
  metadata: upload.tusMetadata,
});
