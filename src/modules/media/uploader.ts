import type { Authorship } from "../identity/viewer.js";

/** The uploader: a person or a guest. */
export const uploaderOf = (row: {
  readonly uploaderId: string | null;
  readonly uploaderGuestId: string | null;
}): Authorship => ({ userId: row.uploaderId, guestId: row.uploaderGuestId });
