import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { blobs } from "../blob.tables.js";
import { stagedUploads } from "../staging/staged-upload.tables.js";
import { blobVariants } from "../variants/blob-variant.tables.js";

/** A statement as a text, for `copy`, which takes no parameters. */
const textOf = (statement: ReturnType<typeof sql>): string => new PgDialect().sqlToQuery(statement).sql;

/**
 * The query for all bytes that the database knows, of every tenant: originals wherever they are, variants, and checked
 * uploads that nothing has used yet. Not what a manager has destroyed. Its columns are hash, size, key, company, blob
 * and name of the variant; its rows are in the order of the hashes, those with equal bytes together.
 */
export const recordedFilesQuery = (): string =>
  textOf(sql`
    select * from (
      select ${blobs.sha256}, ${blobs.size}, ${blobs.storageKey}, ${blobs.companyId}, ${blobs.id}, null::text
        from ${blobs} where ${blobs.integrity}::text <> 'DESTROYED'
      union all
      select ${blobVariants.sha256}, ${blobVariants.size}, ${blobVariants.storageKey}, ${blobVariants.companyId},
        ${blobVariants.blobId}, ${blobVariants.name} from ${blobVariants}
      union all
      select ${stagedUploads.checked} -> 'blob' ->> 'sha256', (${stagedUploads.checked} -> 'blob' ->> 'size')::bigint,
        ${stagedUploads.storageKey}, ${stagedUploads.companyId}, ${stagedUploads.id}, null
        from ${stagedUploads}
        where ${stagedUploads.status} = 'READY' and ${stagedUploads.storageKey} is not null
          and ${stagedUploads.checked} is not null
    ) as recorded (sha256, size, storage_key, company_id, blob_id, variant)
    order by sha256 collate "C", storage_key collate "C"`);

/**
 * (Before Postgres 17, a transaction that has added a value to an enum cannot compare with it: values that migrations
 * have added are compared as texts.)
 *
 * Statements for a database whose uploads have lost the bytes that had arrived: clients begin again with those that go
 * through the server; the store does not know the others any more.
 */
export const restartUploadsStatements = (): readonly string[] => [
  textOf(sql`
    update ${stagedUploads} set status = 'RECEIVING', received_bytes = 0, storage_key = null, checked = null,
      lease_id = null, lease_until = null, is_lease_wanted = false
    where status in ('RECEIVING', 'CHECKING') and method = 'RESUMABLE'`),
  textOf(sql`
    update ${stagedUploads} set status = 'CANCELLED', received_bytes = 0, storage_key = null, checked = null,
      lease_id = null, lease_until = null, is_lease_wanted = false
    where status in ('RECEIVING', 'CHECKING') and method::text = 'DIRECT'`),
];
