import type { Installation } from "../../platform/database/installation.repository.js";
import type { Storage } from "../../platform/storage/storage.js";

/** What the mark of a storage says. */
export interface StorageMark extends Installation {
  /** Where its files are being moved, or have been: it does not have all of them any more. */
  readonly movedTo?: string;
}

/** Parses the text of a storage's mark; null if there is none. */
export function parseMark(text: string | null): StorageMark | null {
  if (text === null) return null;
  try {
    const { id, epoch, movedTo } = JSON.parse(text) as Partial<StorageMark>;
    if (typeof id === "string" && typeof epoch === "number")
      return { id, epoch, ...(movedTo !== undefined && { movedTo }) };
  } catch {}
  // An invalid mark counts as one of another installation.
  return { id: "of an unreadable mark", epoch: 0 };
}

export const writeMark = (storage: Pick<Storage, "writeMark">, mark: StorageMark): Promise<void> =>
  storage.writeMark(JSON.stringify(mark));

/** Writes another state of the installation; where files are being moved is kept. */
export async function updateMark(
  storage: Pick<Storage, "readMark" | "writeMark">,
  installation: Installation,
): Promise<void> {
  const { movedTo } = parseMark(await storage.readMark()) ?? {};
  await writeMark(storage, { ...installation, ...(movedTo !== undefined && { movedTo }) });
}
