import { TUS_VERSION } from "../../../platform/http/tus/tus-headers.js";
import type { PresignedPut, Storage } from "../../../platform/storage/storage.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { presignUpload } from "./direct-upload.js";
import { uploadUrl } from "./upload-url.js";

export type UploadRequests = ReturnType<typeof createUploadRequests>;

/** How the bytes of an upload are sent. */
export const createUploadRequests = ({ storage }: { readonly storage: Pick<Storage, "presignPut"> }) => ({
  of: async (upload: StagedUploadRow, baseUrl: string): Promise<PresignedPut> =>
    upload.method === "DIRECT"
      ? presignUpload(storage, upload)
      : { url: uploadUrl(baseUrl, upload.id), headers: { "Tus-Resumable": TUS_VERSION } },
});
