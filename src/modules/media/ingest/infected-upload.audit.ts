import type { Database } from "../../../platform/database/client.js";
import type { AuditActor } from "../../identity/audit/audit.repository.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { Bucket } from "../buckets.js";

export interface InfectedUpload {
  readonly companyId: string;
  readonly uploader: AuditActor;
  readonly bucket: Bucket;
  readonly fileName: string;
  readonly size: number;
  readonly sha256: string;
  readonly signature: string;
}

/** Audits that an upload was refused because malware was found. Nothing else is left of it. */
export async function auditInfectedUpload(
  db: Database,
  { companyId, uploader, bucket, fileName, size, sha256, signature }: InfectedUpload,
): Promise<void> {
  await insertAuditEntry(db, {
    companyId,
    by: uploader,
    action: "media-file.infected-upload-refused",
    subjectType: "company",
    subjectId: companyId,
    details: { bucket, fileName, size, sha256, signature },
  });
}
