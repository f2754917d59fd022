import { formatBytes } from "../../../kernel/bytes.js";
import { badUserInput, FiledeskError } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFile, IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { ENVELOPE_BYTES } from "../../../platform/http/multipart/incoming-files.js";
import type { Scanner } from "../../../platform/scanner/scanner.js";
import type { TempFolder } from "../../../platform/storage/temp-folder.js";
import type { Confirmed } from "../../identity/confirm-viewer.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Actor } from "../../identity/viewer.js";
import type { Bucket, BucketRules } from "../buckets.js";
import type { identify as Identify } from "./identify/identify.js";
import type { IngestObserver } from "./ingest-observer.js";
import type { inspect as Inspect } from "./inspect/inspect.js";
import { receive } from "./receive/receive.js";
import type { InTransaction, RecordDeps } from "./record.js";
import { storeAndRecord } from "./record.js";
import type { Scanned } from "./scan.js";
import { scan } from "./scan.js";

export interface IngestDeps extends RecordDeps {
  readonly tempFolder: TempFolder;
  readonly scanner: Scanner;
  readonly filesPerRequest: number;
  readonly maxPixels: number;
  readonly observer: IngestObserver;
}

export interface IngestRequest<Result, Uploader extends Actor = Actor> {
  /** The uploader. The permission has been checked before the first byte. */
  readonly viewer: Uploader;
  readonly companyId: string;
  readonly bucket: Bucket;
  readonly incoming: IncomingFiles;
  /** Whether they replace the content of existing files. */
  readonly isReplacement?: boolean;
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
     * Receives, identifies, inspects, scans, stores and records files.
     *
     * @throws FILE_TOO_LARGE, UNSUPPORTED_FILE_TYPE, FILE_TYPE_MISMATCH, CORRUPT_FILE, FILE_INFECTED, each with the
     *   `index` and `fileName` of the refused file; none of the files is kept then
     */
    async ingestFiles<Result, Uploader extends Actor>(
      request: IngestRequest<Result, Uploader>,
    ): Promise<Result> {
      const { incoming, bucket } = request;
      if (incoming.files.length === 0) return recordWithoutFiles(deps, request);
      refuseBySize(deps.buckets[bucket], deps.filesPerRequest, incoming);
      const batch = new Batch(request.companyId);
      try {
        const files = await receiveAll(deps, request, batch);
        return await storeAndRecord(deps, { ...request, files });
      } finally {
        await batch.dispose();
      }
    },
  };
}

const recordWithoutFiles = <Result, Uploader extends Actor>(
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
  readonly #abort = new AbortController();
  readonly #temps: AsyncDisposable[] = [];

  constructor(companyId: string) {
    this.companyId = companyId;
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

/** The first refused file aborts the others. */
async function receiveAll(
  deps: IngestDeps,
  { bucket, incoming }: Pick<IngestRequest<unknown>, "bucket" | "incoming">,
  batch: Batch,
): Promise<Scanned[]> {
  const outcomes = await Promise.allSettled(
    incoming.files.map(async (announced, index) => {
      try {
        return await ingestFile(deps, bucket, await announced.arrive(batch.signal), batch, index);
      } catch (error) {
        batch.abort(error);
        throw error;
      }
    }),
  );
  batch.signal.throwIfAborted();
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

async function ingestFile(
  deps: IngestDeps,
  bucket: Bucket,
  file: IncomingFile,
  batch: Batch,
  index: number,
): Promise<Scanned> {
  const { step, received: countReceived } = deps.observer;
  const rules = deps.buckets[bucket];
  try {
    const temp = await deps.tempFolder.open();
    batch.keep(temp);
    const { identify, inspect } = await loadInspection();
    const received = await step("receive", () =>
      receive({ file, temp, maxBytes: rules.maxBytes, signal: batch.signal }),
    );
    countReceived(bucket, received.size);
    const identified = await step("identify", () => identify(received, rules));
    const inspected = await step("inspect", () =>
      inspect(identified, {
        companyId: batch.companyId,
        maxPixels: deps.maxPixels,
        maxSeconds: rules.maxSeconds,
      }),
    );
    return await step("scan", () => scan(inspected, deps.scanner));
  } catch (error) {
    throw error instanceof FiledeskError ? ofFile(error, file.fileName, index) : error;
  }
}

/** Loaded on demand: sharp, file-type and yauzl take a tenth of a second, which processes without uploads save. */
const loadInspection = () => {
  inspection ??= (async () => {
    const { identify } = await import("./identify/identify.js");
    const { inspect } = await import("./inspect/inspect.js");
    return { identify, inspect };
  })();
  return inspection;
};

/** Loaded once, for all concurrent uploads. */
let inspection: Promise<Inspection> | undefined;

interface Inspection {
  readonly identify: typeof Identify;
  readonly inspect: typeof Inspect;
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
