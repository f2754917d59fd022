import { sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { attachments } from "../../attachments/attachment.tables.js";
import { mediaFiles } from "../../media/media-file.tables.js";
import { mediaPostFiles } from "./post.tables.js";

/**
 * Whether a file was uploaded to be posted or attached, and not to be kept in the library: its first content was
 * recorded in one transaction, and thus with the same timestamp, with a post that shows it; attachments are always
 * uploaded so.
 */
export async function wasUploadedForUse(
  tx: Database,
  companyId: string,
  mediaFileId: string,
): Promise<boolean> {
  const [found] = await tx.execute<{ came: boolean }>(sql`
    select exists (select from ${attachments}
        where ${attachments.companyId} = ${companyId} and ${attachments.mediaFileId} = ${mediaFileId})
      or exists (select from ${mediaPostFiles} join ${mediaFiles}
          on ${mediaFiles.id} = ${mediaFileId} or ${mediaFiles.versionOf} = ${mediaFileId}
        where ${mediaPostFiles.companyId} = ${companyId} and ${mediaPostFiles.mediaFileId} = ${mediaFileId}
          and ${mediaFiles.createdAt} = ${mediaPostFiles.createdAt}) as came`);
  return found?.came ?? false;
}
