import type { Installation } from "../../platform/database/installation.repository.js";
import type { Storage } from "../../platform/storage/storage.js";

/** Parses the text of a storage's mark; null if there is none. */
export function parseMark(text: string | null): Installation | null {
  if (text === null) return null;
  try {
    const { id, epoch } = JSON.parse(text) as Partial<Installation>;
    if (typeof id === "string" && typeof epoch === "number") return { id, epoch };
  } catch {}
  // An invalid mark counts as one of another installation.
  return { id: "of an unreadable mark", epoch: 0 };
}

export const writeMark = (storage: Pick<Storage, "writeMark">, installation: Installation): Promise<void> =>
  storage.writeMark(JSON.stringify(installation));
