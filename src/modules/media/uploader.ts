import type { Authorship } from "../identity/viewer.js";

/** The uploader: a person, a guest or an API key. */
export const uploaderOf = (row: {
  readonly uploaderId: string | null;
  readonly uploaderGuestId: string | null;
  readonly uploaderApiKeyId?: string | null;
}): Authorship => ({
  userId: row.uploaderId,
  guestId: row.uploaderGuestId,
  apiKeyId: row.uploaderApiKeyId ?? null,
});
