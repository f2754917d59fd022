import { FiledeskError } from "../../../kernel/errors.js";
import { confirmViewer } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { takeParts } from "./direct-parts.js";
import { finishUpload } from "./finish-upload.js";
import { refuseEnded } from "./refuse-ended.js";
import type { StagedUploadDeps } from "./staged-upload.service.js";
import { requireIdentified, requireOwn } from "./staged-upload.service.js";

export type CompleteUploadService = ReturnType<typeof createCompleteUploadService>;

/** The end of uploads whose bytes did not come through this server, and of others whose server was killed. */
export const createCompleteUploadService = (deps: StagedUploadDeps) => ({
  /**
   * Checks an upload whose bytes have all arrived. Idempotent: of one that is ready or used, nothing changes.
   *
   * @throws UPLOAD_INCOMPLETE, and why the file is refused; NOT_FOUND, GONE
   */
  async completeUpload(viewer: Viewer, id: string): Promise<StagedUploadRow> {
    const by = requireIdentified(viewer);
    const upload = await requireOwn(deps, by, id);
    const { companyId } = upload;
    await deps.db.transaction((tx) => confirmViewer(tx, { viewer: by, companyId }));
    if (upload.status === "READY" || upload.status === "USED") return upload;
    await deps.leases.withLease(upload, async (lease) => {
      const { status, method } = lease.upload;
      if (status === "READY" || status === "USED") return;
      refuseEnded(lease.upload);
      if (status === "RECEIVING" && method === "DIRECT") await takeParts(deps.storage, lease);
      else if (status === "RECEIVING") throw incomplete(lease.upload);
      const receivedBytes = lease.upload.size ?? lease.upload.receivedBytes;
      await finishUpload(deps, { ...lease, upload: { ...lease.upload, receivedBytes } }, by);
    });
    return requireOwn(deps, by, id);
  },
});

const incomplete = ({ id, receivedBytes, size }: StagedUploadRow) =>
  new FiledeskError(
    "UPLOAD_INCOMPLETE",
    `${receivedBytes} of ${size ?? "its"} bytes have arrived. Send the rest first.`,
    {
      stagedUploadId: id,
      actual: receivedBytes,
      limit: size,
    },
  );
