import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import type { FileKind } from "../file-types.js";
import type { MediaFileView } from "../media-file.repository.js";

/** Counts a change of a file's size, in bytes, in the quotas that count the file. @throws QUOTA_EXCEEDED */
export type Resize = (bytes: number) => Promise<void>;

/** What attachments contribute when the content of a file is replaced. */
export interface AttachmentReplacement {
  /** Whether all attachments of the file, deleted ones that can be restored among them, allow the viewer to replace it. */
  mayReplace(db: Database, viewer: Viewer, file: Pick<MediaFileView, "id" | "companyId">): Promise<boolean>;
  /** Locks the quotas that count the file until the transaction ends. */
  lockQuotas(tx: Database, companyId: string, mediaFileId: string): Promise<Resize>;
}

/** What posts contribute when the content of a file is replaced. */
export interface PostReplacement {
  /** The kinds that the new content must have; none if any kind will do. Exact under the file's lock. */
  requiredKinds(tx: Database, companyId: string, mediaFileId: string): Promise<readonly FileKind[]>;
  /** Records the events of the posts that show the file. Called in the transaction that replaces the content. */
  contentReplaced(tx: Database, companyId: string, mediaFileId: string): Promise<void>;
}
