import { TUS_VERSION } from "../../../platform/http/tus/tus-headers.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import { listUploadParts, presignOnlyPart } from "./direct-parts.js";
import { uploadUrl } from "./upload-url.js";

export type UploadRequests = ReturnType<typeof createUploadRequests>;

export interface UploadRequest {
  /** Null if the bytes are sent in parts, each to a URL of its own, and if all of a direct upload has arrived. */
  readonly url: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** How the bytes of an upload are sent. */
export const createUploadRequests = ({ storage }: { readonly storage: Pick<Storage, "multipart"> }) => ({
  async of(upload: StagedUploadRow, baseUrl: string): Promise<UploadRequest> {
    if (upload.method === "DIRECT") return { url: await presignOnlyPart(storage, upload), headers: {} };
    return { url: uploadUrl(baseUrl, upload.id), headers: { "Tus-Resumable": TUS_VERSION } };
  },
  partsOf: (upload: StagedUploadRow) => listUploadParts(storage, upload),
});
