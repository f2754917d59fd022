import { formatBytes } from "../../../kernel/bytes.js";
import { badUserInput, FiledeskError } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type {
  AnnouncedFile,
  IncomingFile,
  IncomingFiles,
} from "../../../platform/http/multipart/incoming-files.js";
import { ENVELOPE_BYTES } from "../../../platform/http/multipart/incoming-files.js";
import type { TempFolder } from "../../../platform/storage/temp-folder.js";
import type { Confirmed } from "../../identity/confirm-viewer.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Identified } from "../../identity/viewer.js";
import type { Bucket, BucketRules } from "../buckets.js";
import { refuseWithoutRoom } from "../quota/storage-quota.js";
import type { CheckDeps } from "./check-file.js";
import { checkFile } from "./check-file.js";
import type { IngestObserver } from "./ingest-observer.js";
import { receive } from "./receive/receive.js";
import type { InTransaction, RecordDeps } from "./record.js";
import { storeAndRecord } from "./record.js";
import type { Scanned } from "./scan.js";
import { requireStagedFiles } from "./staged-file.js";
import type { CheckedFile } from "./store.js";

export interface IngestDeps extends RecordDeps, CheckDeps {
  readonly tempFolder: TempFolder;
  readonly filesPerRequest: number;
  readonly observer: IngestObserver;
}

export interface IngestRequest<Result, Uploader extends Identified = Identified> {
  /** The uploader. The permission has been checked before the first byte. */
  readonly viewer: Uploader;
  readonly companyId: string;
  readonly bucket: Bucket;
  readonly incoming: IncomingFiles;
  /** Whether they replace the content of existing files. */
  readonly isReplacement?: boolean;
  /** Inserts, as the first of the transaction, what the rows of the files refer to: their company, if it is new. */
  readonly prepare?: (tx: Database) => Promise<unknown>;
  /**
   * Checks the permission again, in the transaction and before any file is recorded, with the present state of the
   * viewer; takes the locks that keep it valid. Null for actions of the operator, such as an import.
   */
  readonly permit: ((tx: Database, viewer: Confirmed<Uploader>) => Promise<unknown>) | null;
  readonly inTransaction: InTransaction<Result>;
}

export type IngestService = ReturnType<typeof createIngestService>;

/** The pipeline of an upload, from its first byte to its committed rows, all or nothing. */
export function createIngestService(deps: IngestDeps) {
  return {
    /** The rules of a bucket, with the operator's overrides. */
    rulesOf: (bucket: Bucket): BucketRules => deps.buckets[bucket],

    /**
     * Refuses an upload by the number of its files and the size of the request, before the first byte of a file.
     *
     * @throws BAD_USER_INPUT, FILE_TOO_LARGE
     */
    refuseBySize(bucket: Bucket, incoming: IncomingFiles): void {
      refuseBySize(deps.buckets[bucket], deps.filesPerRequest, incoming);
    },

    /**
     * Receives, identifies, inspects, scans, stores and records files; of staged uploads only the last is left to do.
     *
     * @throws FILE_TOO_LARGE, UNSUPPORTED_FILE_TYPE, FILE_TYPE_MISMATCH, CORRUPT_FILE, FILE_INFECTED, each with the
     *   `index` and `fileName` of the refused file, QUOTA_EXCEEDED, and what `requireStagedFiles` throws; none of the files is kept
     *   then, and staged uploads can still be used
     */
    async ingestFiles<Result, Uploader extends Identified>(
      request: IngestRequest<Result, Uploader>,
    ): Promise<Result> {
      const { incoming, bucket } = request;
      if (incoming.files.length === 0) return recordWithoutFiles(deps, request);
      refuseBySize(deps.buckets[bucket], deps.filesPerRequest, incoming);
      await refuseFull(deps, request);
      const batch = new Batch(request.companyId, request.viewer);
      try {
        const files = await collectFiles(deps, request, batch);
        return await storeAndRecord(deps, { ...request, files });
      } finally {
        await batch.dispose();
      }
    },
  };
}

/** Refuses files before the first of their bytes if their company has no room. What has arrived before is only recorded. */
async function refuseFull(
  { db }: IngestDeps,
  { companyId, incoming: { files, requestBytes } }: Pick<IngestRequest<unknown>, "companyId" | "incoming">,
): Promise<void> {
  if (files.some((file) => !("stagedUploadId" in file)))
    await refuseWithoutRoom(db, companyId, Math.max(1, (requestBytes ?? 0) - ENVELOPE_BYTES));
}

const recordWithoutFiles = <Result, Uploader extends Identified>(
  { db }: IngestDeps,
  { permit, inTransaction, ...writing }: IngestRequest<Result, Uploader>,
): Promise<Result> =>
  permit === null
    ? db.transaction((tx) => inTransaction(tx, []))
    : writeAs(db, writing, async (tx, viewer) => {
        await permit(tx, viewer);
        return inTransaction(tx, []);
      });

/** The temp files of one request; disposing it removes those that the storage has not moved. */
class Batch {
  readonly companyId: string;
  readonly uploader: Identified;
  readonly #abort = new AbortController();
  readonly #temps: AsyncDisposable[] = [];

  constructor(companyId: string, uploader: Identified) {
    this.companyId = companyId;
    this.uploader = uploader;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  keep(temp: AsyncDisposable): void {
    this.#temps.push(temp);
  }

  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#temps.map((temp) => temp[Symbol.asyncDispose]()));
  }
}

/** All files of a request in their order. Staged uploads are checked first: they cost no bytes. */
async function collectFiles<Result, Uploader extends Identified>(
  deps: IngestDeps,
  { viewer, companyId, bucket, incoming: { files } }: IngestRequest<Result, Uploader>,
  batch: Batch,
): Promise<CheckedFile[]> {
  const ids = files.flatMap((file) => ("stagedUploadId" in file ? [file.stagedUploadId] : []));
  const staged = await requireStagedFiles(deps, viewer, ids, { companyId, bucket });
  const received = await receiveAll(deps, bucket, files, batch);
  return files.map((_file, index) => received.get(index) ?? requireNext(staged));
}

function requireNext<File>(files: File[]): File {
  const next = files.shift();
  if (next === undefined) throw new Error("fewer staged files were found than were asked for");
  return next;
}

/** The first refused file aborts the others. @returns the received files, by their index */
async function receiveAll(
  deps: IngestDeps,
  bucket: Bucket,
  files: IncomingFiles["files"],
  batch: Batch,
): Promise<Map<number, Scanned>> {
  const scanned = new Map<number, Scanned>();
  await Promise.allSettled(
    files.map(async (file, index) => {
      if ("stagedUploadId" in file) return;
      try {
        scanned.set(index, await ingestFile(deps, bucket, file, batch, index));
      } catch (error) {
        batch.abort(error);
        throw error;
      }
    }),
  );
  batch.signal.throwIfAborted();
  return scanned;
}

async function ingestFile(
  deps: IngestDeps,
  bucket: Bucket,
  announced: AnnouncedFile,
  batch: Batch,
  index: number,
): Promise<Scanned> {
  const file: IncomingFile = await announced.arrive(batch.signal);
  const { step, received: countReceived } = deps.observer;
  const rules = deps.buckets[bucket];
  try {
    const openTemp = async () => {
      const temp = await deps.tempFolder.open();
      batch.keep(temp);
      return temp;
    };
    const temp = await openTemp();
    const received = await step("receive", () =>
      receive({ file, temp, maxBytes: rules.maxBytes, signal: batch.signal }),
    );
    countReceived(bucket, received.size);
    const { companyId, uploader } = batch;
    return await checkFile(deps, received, { rules, companyId, uploader, openTemp });
  } catch (error) {
    throw error instanceof FiledeskError ? ofFile(error, file.fileName, index) : error;
  }
}

/** Adds to an error which file of the request it is about. */
const ofFile = (error: FiledeskError, fileName: string, index: number) =>
  new FiledeskError(error.code, `File ${index}${fileName && ` ("${fileName}")`}: ${error.message}`, {
    ...error.details,
    index,
    fileName,
  });

function refuseBySize(
  rules: BucketRules,
  filesPerRequest: number,
  { files, requestBytes }: IncomingFiles,
): void {
  if (files.length > filesPerRequest)
    throw badUserInput(`A request takes ${filesPerRequest} files at most; this one has ${files.length}.`, {
      limit: filesPerRequest,
      actual: files.length,
    });
  const most = files.length * rules.maxBytes + ENVELOPE_BYTES;
  if (requestBytes !== null && requestBytes > most)
    throw new FiledeskError(
      "FILE_TOO_LARGE",
      `A file here may have ${formatBytes(rules.maxBytes)}; this request of ${formatBytes(requestBytes)} with ${files.length} file(s) must hold a larger one.`,
      { limit: rules.maxBytes, actual: requestBytes },
    );
}
