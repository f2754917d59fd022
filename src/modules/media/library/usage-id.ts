import { createHash } from "node:crypto";
import type { MediaUsage } from "../media-usage.repository.js";

/** Made of what is unique about a usage, so that one that has been removed has it as well, and one that comes again. */
export const usageId = ({ mediaFileId, resourceType, resourceId, fieldName }: MediaUsage): string =>
  createHash("sha256")
    .update(JSON.stringify([mediaFileId, resourceType, resourceId, fieldName]))
    .digest("base64url")
    .slice(0, 22);
