import { conflict, FiledeskError, gone } from "../../../kernel/errors.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";

/** @throws the refusal of a refused upload; GONE, CONFLICT */
export function refuseEnded({ status, refusal }: StagedUploadRow): void {
  if (status === "REFUSED" && refusal)
    throw new FiledeskError(refusal.code, refusal.message, refusal.details);
  if (status === "CANCELLED") throw gone("upload");
  if (status === "READY" || status === "USED") throw conflict("This upload is complete.");
}
