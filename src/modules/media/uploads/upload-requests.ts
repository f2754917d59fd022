import { TUS_VERSION } from "../../../platform/http/tus/tus-headers.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { listUploadParts } from "./direct-parts.js";
import { presignUpload } from "./direct-upload.js";
import { uploadUrl } from "./upload-url.js";

export type UploadRequests = ReturnType<typeof createUploadRequests>;

export interface UploadRequest {
  /** Null if the bytes are sent in parts, each to a URL of its own. */
  readonly url: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** How the bytes of an upload are sent. */
export const createUploadRequests = ({
  storage,
}: {
  readonly storage: Pick<Storage, "presignPut" | "multipart">;
}) => ({
  async of(upload: StagedUploadRow, baseUrl: string): Promise<UploadRequest> {
    if (upload.multipart !== null) return { url: null, headers: {} };
    if (upload.method === "DIRECT") return presignUpload(storage, upload);
    return { url: uploadUrl(baseUrl, upload.id), headers: { "Tus-Resumable": TUS_VERSION } };
  },
  partsOf: (upload: StagedUploadRow) => listUploadParts(storage, upload),
});
