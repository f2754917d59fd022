import type { Database } from "../../platform/database/client.js";
import { writeAs } from "../identity/confirm-viewer.js";
import type { Actor } from "../identity/viewer.js";
import type { FindAttachmentDeps, FoundAttachment } from "./find-attachment.js";
import { parentOf } from "./find-attachment.js";

/**
 * Runs a transaction that changes an attachment, under the lock of its parent.
 *
 * @param write checks the permission again, with the present state of the viewer
 */
export const writeOnParent = <Result>(
  { db, parents }: FindAttachmentDeps,
  { viewer, attachment }: FoundAttachment,
  write: (tx: Database, viewer: Actor) => Promise<Result>,
): Promise<Result> => {
  const lock = (tx: Database) => parents.lock(tx, parentOf(attachment));
  return writeAs(db, { viewer, companyId: attachment.companyId, lock }, write);
};
