import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../../platform/database/client.js";
import { fileAtHand } from "../../../platform/http/multipart/incoming-files.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { IngestService } from "../ingest/ingest.service.js";
import { requireRecorded } from "../ingest/record.js";
import type { ImportEntry } from "./import-entry.js";
import { entryHashes, isWebSource } from "./import-entry.js";
import { openLocalSource } from "./local-source.js";
import { badEntry, ImportFault, sourceUnreachable } from "./media-import.errors.js";
import { findImport, insertImport, insertImportedUsage } from "./media-import.repository.js";
import type { OpenedSource } from "./opened-source.js";
import type { ResolvedEntry } from "./resolve-entry.js";
import type { WebSources } from "./web-source.js";
import { toImportFault } from "./web-source.js";

export interface ImportOneDeps {
  readonly db: Database;
  readonly ingest: Pick<IngestService, "ingestFiles" | "rulesOf">;
  readonly web: WebSources;
  /** Its real path. */
  readonly baseFolder: string;
  readonly resolve: (entry: ImportEntry) => Promise<ResolvedEntry>;
  /** Pauses before new attempts after a temporary failure of a source, in milliseconds. */
  readonly retryAfterMs: readonly number[];
  readonly signal: AbortSignal;
}

/** The new file, or the one of an entry that had been imported before; null if that has been purged. */
export type ImportOutcome =
  | { readonly event: "imported"; readonly mediaFileId: string }
  | { readonly event: "known"; readonly mediaFileId: string | null };

/** Another importer has imported the same entry meanwhile: everything of this one is rolled back. */
class AlreadyImported extends Error {}

/**
 * Imports one entry: its file is ingested like an upload, and media file, usage and the record of the import are
 * written in one transaction. Idempotent: a recorded entry is skipped.
 *
 * @throws ImportFault, and what the ingest throws of a file
 */
export async function importOne(deps: ImportOneDeps, entry: ImportEntry): Promise<ImportOutcome> {
  const resolved = await deps.resolve(entry);
  const hashes = entryHashes(entry, resolved.resourceId);
  const findKnown = async (): Promise<ImportOutcome | null> => {
    const found = await findImport(deps.db, resolved.companyId, hashes);
    return found && { event: "known", mediaFileId: found.mediaFileId };
  };
  const known = await findKnown();
  if (known !== null) return known;
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptImport(deps, entry, resolved, hashes[0]);
    } catch (error) {
      if (error instanceof AlreadyImported)
        return (await findKnown()) ?? { event: "known", mediaFileId: null };
      const wait = deps.retryAfterMs[attempt];
      if (!(error instanceof ImportFault && error.isPassing) || wait === undefined) throw error;
      await delay(wait, undefined, { signal: deps.signal });
    }
  }
}

async function attemptImport(
  deps: ImportOneDeps,
  entry: ImportEntry,
  resolved: ResolvedEntry,
  hash: string,
): Promise<ImportOutcome> {
  const source = await openSource(deps, entry);
  let broken: unknown;
  source.stream.once("error", (error) => {
    broken = error;
  });
  const file = { fileName: entry.fileName ?? source.fileName, open: () => source.stream };
  try {
    return await deps.ingest.ingestFiles({
      viewer: resolved.uploader,
      companyId: resolved.companyId,
      bucket: entry.bucket,
      incoming: { files: [fileAtHand(file)], requestBytes: null },
      permit: null,
      inTransaction: async (tx, files) => {
        const { id: mediaFileId } = requireRecorded(files);
        await recordImport(tx, { entry, resolved, hash, mediaFileId });
        return { event: "imported", mediaFileId };
      },
    });
  } catch (error) {
    throw error === broken ? sourceBroke(error, entry) : error;
  } finally {
    source.stream.destroy();
  }
}

function openSource(
  { web, baseFolder, ingest, signal }: ImportOneDeps,
  { source, bucket }: ImportEntry,
): Promise<OpenedSource> {
  return isWebSource(source)
    ? web.open({ url: source, maxBytes: ingest.rulesOf(bucket).maxBytes, signal })
    : openLocalSource(baseFolder, source);
}

const sourceBroke = (error: unknown, { source }: ImportEntry): ImportFault =>
  isWebSource(source)
    ? toImportFault(error, new URL(source))
    : sourceUnreachable(`The file cannot be read to its end (${(error as NodeJS.ErrnoException).code}).`);

interface ImportRecord {
  readonly entry: ImportEntry;
  readonly resolved: ResolvedEntry;
  readonly hash: string;
  readonly mediaFileId: string;
}

async function recordImport(
  tx: Database,
  { entry, resolved, hash, mediaFileId }: ImportRecord,
): Promise<void> {
  const { companyId, resourceId, uploader } = resolved;
  if (!(await insertImport(tx, { companyId, entryHash: hash, mediaFileId }))) throw new AlreadyImported();
  const { resourceType, fieldName } = entry;
  if (!(await insertImportedUsage(tx, { companyId, mediaFileId, resourceType, resourceId, fieldName })))
    throw badEntry(`The ${fieldName} of this ${resourceType} is set already; it holds one file alone.`);
  await insertAuditEntry(tx, {
    companyId,
    by: uploader,
    action: "media-file.imported",
    subjectType: "media-file",
    subjectId: mediaFileId,
    details: { resourceType, resourceId, fieldName },
  });
}
