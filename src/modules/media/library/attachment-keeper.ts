import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";

/** What a module above answers that says of files who attached them. */
export interface AttachmentKeeper {
  /** Whether nobody else's attachments, deleted ones that may come back among them, stand in the way of a new content. */
  mayReplace(db: Database, viewer: Viewer, file: Pick<MediaFileView, "id" | "companyId">): Promise<boolean>;
}
