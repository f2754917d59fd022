import type { Database } from "../../../platform/database/client.js";
import type { FileKind } from "../file-types.js";

/** What a module above answers that shows files as what they are. */
export interface PlaceKeeper {
  /** The kinds that a file must keep to stay where it is; none when any will do. Exact under the file's lock. */
  kindsDemandedOf(tx: Database, companyId: string, mediaFileId: string): Promise<readonly FileKind[]>;
  /** Told in the transaction that gives a file another content. */
  contentChanged(tx: Database, companyId: string, mediaFileId: string): Promise<void>;
}
