import type { FindDeletedUser } from "../../media/library/deletion-ports.js";
import { listPostsOfFile } from "./post.repository.js";
import { wasUploadedForUse } from "./post-file-origin.repository.js";

/** Finds the post that a deleted file is restored with: one that the file was uploaded for. */
export const findDeletedPost: FindDeletedUser = async (db, _viewer, { id, companyId }) => {
  const posts = await listPostsOfFile(db, { companyIds: [companyId] }, id);
  const deleted = posts.find(({ deletedAt }) => deletedAt !== null);
  if (deleted === undefined || !(await wasUploadedForUse(db, companyId, id))) return null;
  return { kind: "post", id: deleted.id, restoredBy: "restorePost" };
};
