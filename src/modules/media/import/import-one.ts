import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../../platform/database/client.js";
import type { AnnouncedFile } from "../../../platform/http/multipart/incoming-files.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { IngestService } from "../ingest/ingest.service.js";
import type { RecordedFile } from "../ingest/record.js";
import type { LegacyPath } from "../legacy/legacy-path.repository.js";
import { insertLegacyPath } from "../legacy/legacy-path.repository.js";
import { entryHashes } from "./entry-identity.js";
import type { EntryFile, ImportEntry } from "./import-entry.js";
import { isWebSource } from "./import-entry.js";
import type { ImportedIds, ImportTarget, ImportTargets, TargetEntry } from "./import-targets.js";
import { isTargetType } from "./import-targets.js";
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
  readonly targets: ImportTargets;
  readonly web: WebSources;
  /** Its real path. */
  readonly baseFolder: string;
  readonly resolve: (entry: ImportEntry) => Promise<ResolvedEntry>;
  /** Pauses before new attempts after a temporary failure of a source, in milliseconds. */
  readonly retryAfterMs: readonly number[];
  readonly signal: AbortSignal;
}

/**
 * What the entry has become, or had become by an import before. The file is null if it has been purged since, and for a
 * message, whose files are attachments.
 */
export interface ImportOutcome extends ImportedIds {
  readonly event: "imported" | "known";
  readonly mediaFileId: string | null;
}

/** Another importer has imported the same entry meanwhile: everything of this one is rolled back. */
class AlreadyImported extends Error {}

/** An entry with its names resolved, and where it goes: the library, if there is no target. */
interface Importing {
  readonly entry: ImportEntry;
  readonly resolved: ResolvedEntry;
  readonly hashes: readonly [string, ...string[]];
  readonly target: ImportTarget | null;
  readonly part: TargetEntry;
}

/**
 * Imports one entry: its files are ingested like uploads, and media file, usage and the record of the import are
 * written in one transaction. Idempotent: a recorded entry is skipped.
 *
 * @throws ImportFault, and what the ingest and the targets throw
 */
export async function importOne(deps: ImportOneDeps, entry: ImportEntry): Promise<ImportOutcome> {
  const resolved = await deps.resolve(entry);
  const { companyId, resourceId, uploader: by } = resolved;
  const importing: Importing = {
    entry,
    resolved,
    hashes: entryHashes(entry, resourceId),
    target: isTargetType(entry.resourceType) ? deps.targets[entry.resourceType] : null,
    part: { ...entry, companyId, resourceId, by },
  };
  const known = await findKnown(deps, importing);
  if (known !== null) return known;
  await importing.target?.admit(deps.db, importing.part);
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptImport(deps, importing);
    } catch (error) {
      if (error instanceof AlreadyImported) return knownByNow(deps, importing);
      const wait = deps.retryAfterMs[attempt];
      if (!(error instanceof ImportFault && error.isPassing) || wait === undefined) throw error;
      await delay(wait, undefined, { signal: deps.signal });
    }
  }
}

async function findKnown(deps: ImportOneDeps, importing: Importing): Promise<ImportOutcome | null> {
  const found = await findImport(deps.db, importing.resolved.companyId, importing.hashes);
  if (found === null) return null;
  const { mediaFileId } = found;
  const { companyId } = importing.resolved;
  // A manifest may learn of old addresses after its files have been imported.
  const path = importing.entry.files[0]?.legacyPath;
  if (mediaFileId !== null) await keepAddress(deps.db, { companyId, mediaFileId, path });
  return asKnown(deps, importing, mediaFileId);
}

const knownByNow = async (deps: ImportOneDeps, importing: Importing): Promise<ImportOutcome> =>
  (await findKnown(deps, importing)) ?? asKnown(deps, importing, null);

async function asKnown(
  { db }: ImportOneDeps,
  { target, part }: Importing,
  mediaFileId: string | null,
): Promise<ImportOutcome> {
  return { event: "known", mediaFileId, ...(await target?.find(db, part, mediaFileId)) };
}

async function attemptImport(deps: ImportOneDeps, importing: Importing): Promise<ImportOutcome> {
  const { entry, resolved, target } = importing;
  const sources = createSources(deps, entry);
  try {
    return await deps.ingest.ingestFiles({
      viewer: resolved.uploader,
      companyId: resolved.companyId,
      bucket: target?.bucket ?? entry.bucket,
      incoming: { files: entry.files.map(sources.announce), requestBytes: null },
      permit: null,
      inTransaction: (tx, files) => recordImport(tx, importing, files),
    });
  } catch (error) {
    throw sources.faultOf(error);
  } finally {
    sources.close();
  }
}

/** The sources of one entry, each opened when the ingest asks for it. */
function createSources(deps: ImportOneDeps, { bucket }: ImportEntry) {
  const opened: Readable[] = [];
  const broken = new Map<unknown, string>();
  return {
    announce: (file: EntryFile): AnnouncedFile => ({
      async arrive() {
        const { stream, fileName } = await openSource(deps, file, bucket);
        opened.push(stream);
        stream.once("error", (error) => broken.set(error, file.source));
        return { fileName: file.fileName ?? fileName, open: () => stream };
      },
    }),
    /** The reason why a file was not received: of a source that broke, the source's. */
    faultOf(error: unknown): unknown {
      const source = broken.get(error);
      return source === undefined ? error : sourceBroke(error, source);
    },
    close(): void {
      for (const stream of opened) stream.destroy();
    },
  };
}

function openSource(
  { web, baseFolder, ingest, signal }: ImportOneDeps,
  { source }: EntryFile,
  bucket: ImportEntry["bucket"],
): Promise<OpenedSource> {
  return isWebSource(source)
    ? web.open({ url: source, maxBytes: ingest.rulesOf(bucket).maxBytes, signal })
    : openLocalSource(baseFolder, source);
}

const sourceBroke = (error: unknown, source: string): ImportFault =>
  isWebSource(source)
    ? toImportFault(error, new URL(source))
    : sourceUnreachable(`The file cannot be read to its end (${(error as NodeJS.ErrnoException).code}).`);

async function recordImport(
  tx: Database,
  { entry, resolved, hashes, target, part }: Importing,
  files: readonly RecordedFile[],
): Promise<ImportOutcome> {
  const { companyId, resourceId, uploader } = resolved;
  const { resourceType, fieldName } = entry;
  const [first] = resourceType === "conversation" ? [] : files;
  const mediaFileId = first?.id ?? null;
  if (!(await insertImport(tx, { companyId, entryHash: hashes[0], mediaFileId })))
    throw new AlreadyImported();
  let ids: ImportedIds | null = {};
  if (target) ids = await target.record(tx, part, files);
  else if (first)
    await recordUsage(tx, { companyId, mediaFileId: first.id, resourceType, resourceId, fieldName });
  if (ids === null) throw new AlreadyImported();
  for (const [index, file] of files.entries())
    await keepAddress(tx, { companyId, mediaFileId: file.id, path: entry.files[index]?.legacyPath });
  for (const file of files)
    await insertAuditEntry(tx, {
      companyId,
      by: uploader,
      action: "media-file.imported",
      subjectType: "media-file",
      subjectId: file.id,
      details: { resourceType, resourceId, ...(fieldName && { fieldName }) },
    });
  return { event: "imported", mediaFileId, ...ids };
}

interface OldAddress extends Omit<LegacyPath, "path"> {
  readonly path: string | null | undefined;
}

/** @throws BAD_ENTRY if it is another file's */
async function keepAddress(db: Database, { path, ...file }: OldAddress): Promise<void> {
  if (!path || (await insertLegacyPath(db, { path, ...file }))) return;
  throw badEntry(
    `The old address /${path} is another file's. Put something before one of them, such as the name of its desk.`,
  );
}

/** @throws BAD_ENTRY if the field holds only one file and is set */
async function recordUsage(tx: Database, usage: Parameters<typeof insertImportedUsage>[1]): Promise<void> {
  if (await insertImportedUsage(tx, usage)) return;
  throw badEntry(
    `The ${usage.fieldName} of this ${usage.resourceType} is set already; it holds one file alone.`,
  );
}
