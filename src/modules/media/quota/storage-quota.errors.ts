import { formatBytes } from "../../../kernel/bytes.js";
import { quotaExceeded } from "../../../kernel/errors.js";

export interface FullStorage {
  readonly limit: number;
  readonly used: number;
  /** What the upload would add. */
  readonly actual: number;
}

export const storageIsFull = ({ limit, used, actual }: FullStorage) => {
  const left = Math.max(0, limit - used);
  return quotaExceeded(
    `The files of this company may take ${formatBytes(limit)}, and ${formatBytes(left)} of it are left. Delete files that are not needed: their space is free again when they are purged. Or ask an administrator for a higher limit.`,
    { limit, used, left, actual },
  );
};
