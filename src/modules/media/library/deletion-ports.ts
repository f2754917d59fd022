import type { Database } from "../../../platform/database/client.js";
import type { Identified } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";

/** What a deleted file belongs to, which is deleted as well. */
export interface DeletedUser {
  readonly kind: "attachment" | "reply" | "message" | "post";
  readonly id: string;
  /** The mutation that restores it, and the file with it; null if nothing does. */
  readonly restoredBy: string | null;
}

/**
 * Asks a module that uses media files, which is higher, for what a deleted file of its own is restored with.
 *
 * @returns null for a file that the module does not use
 */
export type FindDeletedUser = (
  db: Database,
  viewer: Identified,
  file: Pick<MediaFileView, "id" | "companyId">,
) => Promise<DeletedUser | null>;
