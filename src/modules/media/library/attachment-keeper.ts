import type { Database } from "../../../platform/database/client.js";
import type { MediaFileView } from "../media-file.repository.js";

/** What a module above answers that says of files who attached them. */
export interface AttachmentKeeper {
  /** Who attached the file, in deleted attachments too: they may come back. It never changes. */
  attachersOf(db: Database, file: Pick<MediaFileView, "id" | "companyId">): Promise<readonly string[]>;
}
