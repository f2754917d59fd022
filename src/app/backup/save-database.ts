import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { recordedFilesQuery } from "../../modules/media/upkeep/recorded-files.repository.js";
import type { Snapshot } from "../../platform/database/snapshot/read-snapshot.js";
import { readSnapshot } from "../../platform/database/snapshot/read-snapshot.js";
import type { BackupFolder, WrittenFile } from "./backup-folder.js";
import { compress, linesOf } from "./compression.js";
import type { Manifest, SavedTable } from "./manifest.js";

export type SavedDatabase = Pick<
  Manifest,
  "takenAt" | "postgres" | "installation" | "migrations" | "tables" | "sequences"
> & {
  /** The rows of `recordedFilesQuery`. */
  readonly recorded: WrittenFile & { readonly rows: number };
};

const NEWLINE = 0x0a;

/** Saves all rows, and the list of the bytes that they name, from one snapshot. @param into a folder of the backup */
export const saveDatabase = (
  url: string,
  { folder, into, signal }: { folder: BackupFolder; into: string; signal: AbortSignal },
): Promise<SavedDatabase> =>
  readSnapshot(url, signal, async (snapshot) => {
    const tables: SavedTable[] = [];
    for (const table of snapshot.tables) {
      signal.throwIfAborted();
      const file = `${into}/${table.schema}.${table.name}.copy.gz`;
      tables.push({ ...table, ...(await saveRows(folder, file, await snapshot.read(table))) });
    }
    const file = `${into}/recorded.gz`;
    const recorded = await saveRows(folder, file, await snapshot.query(recordedFilesQuery()));
    return {
      takenAt: snapshot.takenAt.toISOString(),
      postgres: snapshot.serverVersion,
      installation: await installationIn(snapshot),
      migrations: await migrationsIn(snapshot),
      tables,
      recorded,
      sequences: await snapshot.sequences(),
    };
  });

async function saveRows(folder: BackupFolder, file: string, rows: Readable) {
  const counted = { rows: 0 };
  return { ...(await folder.write(file, compress(countLines(rows, counted)))), ...counted };
}

/** Every row is one line of COPY's text format. */
async function* countLines(chunks: AsyncIterable<Buffer>, counted: { rows: number }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) counted.rows += 1;
    yield chunk;
  }
}

async function installationIn(snapshot: Snapshot) {
  const [row = []] = await valuesOf(snapshot, "select id, epoch from installation");
  return { id: row[0] ?? "", epoch: Number(row[1]) };
}

async function migrationsIn(snapshot: Snapshot) {
  const rows = await valuesOf(
    snapshot,
    "select created_at, hash from drizzle.__drizzle_migrations order by created_at",
  );
  return rows.map(([folderMillis, hash = ""]) => ({ folderMillis: Number(folderMillis), hash }));
}

/** For values without characters that COPY escapes. */
async function valuesOf(snapshot: Snapshot, query: string): Promise<string[][]> {
  const rows: string[][] = [];
  for await (const line of linesOf(await snapshot.query(query))) rows.push(line.split("\t"));
  return rows;
}

/** @param path of the generated secrets; they may be missing */
export async function saveSecrets(
  folder: BackupFolder,
  into: string,
  path: string,
): Promise<WrittenFile | null> {
  const text = await readFile(path).catch(() => null);
  return text === null ? null : folder.write(`${into}/secrets.json`, Readable.from([text]));
}
