import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import type { MovingStorages } from "../../../platform/storage/moving-storage.js";
import type { StagingArea } from "../../../platform/storage/staging-area.js";
import {
  countCheckedUploads,
  listCheckedUploads,
  listUnfinishedUploads,
} from "../staging/staged-upload.repository.js";
import { countStored, listBlobs, listVariantsToVerify } from "./integrity.repository.js";
import type { RecordedBytes } from "./move-object.js";
import { listReferencedKeys } from "./sweep.repository.js";

/** Bytes in the storage that the database knows: an original, a variant, or an upload that nothing has used yet. */
export interface RecordedFile extends RecordedBytes {
  readonly companyId: string;
  /** Of an upload, its own id. */
  readonly blobId: string;
  /** The name of the variant; left out for an original. */
  readonly variant?: string;
}

const PAGE = 500;

/** Everything that the database knows of every tenant's stored bytes; originals in the order of their ids. */
export async function* recordedFiles(db: Database): AsyncGenerator<RecordedFile> {
  for await (const page of pagesOf((after) => listBlobs(db, after, PAGE))) {
    const variants = await listVariantsToVerify(
      db,
      page.map(({ id }) => id),
    );
    for (const { id, ...blob } of page) yield { ...blob, blobId: id };
    for (const { name, ...variant } of variants) yield { ...variant, variant: name };
  }
  for await (const page of pagesOf((after) => listCheckedUploads(db, after, PAGE)))
    for (const { id, ...upload } of page) yield { ...upload, blobId: id };
}

export const countRecordedFiles = async (db: Database): Promise<number> =>
  (await countStored(db)) + (await countCheckedUploads(db));

/** Whether a row still has these bytes. */
export const isStillRecorded = async (db: Database, { storageKey }: RecordedFile): Promise<boolean> =>
  (await listReferencedKeys(db, [storageKey])).has(storageKey);

export interface UnfinishedUploadDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly moving: Pick<MovingStorages, "to"> & { readonly stagingFrom: Pick<StagingArea, "has"> };
}

/** How many uploads have begun in the old staging area, or may have been sent to the old store. */
export async function countUnfinishedUploads({
  db,
  clock,
  moving: { to, stagingFrom },
}: UnfinishedUploadDeps): Promise<number> {
  let count = 0;
  const now = clock();
  // Those whose clients were sent to the old store have no bytes here until they are complete.
  const takesDirect = to.multipart !== null;
  for await (const page of pagesOf((after) => listUnfinishedUploads(db, after, { now, limit: PAGE })))
    for (const { id, method } of page)
      if ((method === "DIRECT" && !takesDirect) || (await stagingFrom.has(id))) count += 1;
  return count;
}

async function* pagesOf<Row extends { readonly id: string }>(
  list: (after: string | null) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for (let after: string | null = null; ; ) {
    const page = await list(after);
    if (page.length > 0) yield page;
    after = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return;
  }
}
