import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type postgres from "postgres";
import { bucketOf, filesFolderOf, storageOf, tempFolderOf } from "./desk-storage.js";

interface StoredBlob {
  readonly key: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * What rows promise that is not so; empty when every row has its bytes and every counter is right.
 *
 * @param quickly whether to trust that bytes of the right size are the right bytes
 */
export async function brokenPromises(
  sql: postgres.Sql,
  dataFolder: string,
  { quickly = false } = {},
): Promise<string[]> {
  const storage = storageOf(dataFolder);
  const [blobs, ...rows] = await Promise.all([
    listBlobs(sql),
    loneRows(sql),
    wrongCounters(sql),
    wrongSums(sql),
  ]);
  const wrongBytes = await Promise.all(
    blobs.map(async ({ key, sha256, size }) => {
      const found = await storage.stat(key);
      if (found === null) return [`blob ${key} has no bytes`];
      const isRight = found.size === size && (quickly || (await hashOf(await storage.get(key))) === sha256);
      return isRight ? [] : [`blob ${key} has other bytes`];
    }),
  );
  return [...wrongBytes, ...rows].flat();
}

/** Stored files that no row points at, and temp files; without the installation's mark and the trash. */
export async function strayFiles(sql: postgres.Sql, dataFolder: string): Promise<string[]> {
  const known = new Set((await listBlobs(sql)).map(({ key }) => key));
  if (bucketOf(dataFolder)) {
    const stored = await filesUnder(tempFolderOf(dataFolder));
    for await (const { key } of storageOf(dataFolder).walk()) stored.push(key);
    return stored.filter((key) => !known.has(key));
  }
  return (await filesUnder(filesFolderOf(dataFolder))).filter(
    (path) => !known.has(path) && path !== ".filedesk-installation" && !path.startsWith(".trash/"),
  );
}

/** Paths of all files below a folder, relative to it; none when the folder is not there. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

const listBlobs = (sql: postgres.Sql) =>
  sql<StoredBlob[]>`
    select storage_key as key, sha256, size::float8 as size from blobs where integrity <> 'DESTROYED'
    union all select storage_key, sha256, size::float8 from blob_variants`;

async function hashOf(bytes: Readable): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(bytes, hash);
  return hash.digest("hex");
}

async function loneRows(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ text: string }[]>`
    select 'blob ' || id || ' has no media file' as text from blobs b
      where not exists (select from media_files f where f.blob_id = b.id)
    union all
    select 'media file ' || id || ' has no blob' from media_files f
      where not exists (select from blobs b where b.id = f.blob_id)
    union all
    select 'attachment ' || id || ' lives without a file that lives and is in use' from attachments a
      where deleted_at is null and not exists (
        select from media_files f join media_usages u on u.media_file_id = f.id and u.resource_id = a.id::text
        where f.id = a.media_file_id and (f.deleted_at is null or u.suspended_at is not null))
    union all
    select 'media file ' || id || ' lives and has no usage' from media_files f
      where deleted_at is null and version_of is null
        and not exists (select from media_usages u where u.media_file_id = f.id)
    union all
    select 'media file ' || id || ' lives and is used by nothing in reach' from media_files f
      where deleted_at is null and exists (select from media_usages u where u.media_file_id = f.id)
        and not exists (select from media_usages u where u.media_file_id = f.id and u.suspended_at is null)
    union all
    select 'media file ' || f.id || ' is deleted and in use' from media_files f
      join media_usages u on u.media_file_id = f.id where f.deleted_at is not null and u.suspended_at is null
    union all
    select 'attachment ' || a.id || ' lives on a message that is deleted' from attachments a
      join chat_messages m on m.id = a.message_id where a.deleted_at is null and m.deleted_at is not null
    union all
    select 'attachment ' || a.id || ' is of another company than its message' from attachments a
      join chat_messages m on m.id = a.message_id where a.company_id <> m.company_id
    union all
    select 'attachment ' || a.id || ' is by a guest and not on a message of its conversation' from attachments a
      join guests g on g.id = a.uploader_guest_id left join chat_messages m on m.id = a.message_id
      where m.conversation_id is distinct from g.conversation_id
    union all
    select 'media file ' || f.id || ' is by a guest of another company' from media_files f
      join guests g on g.id = f.uploader_guest_id where g.company_id <> f.company_id`;
  return rows.map(({ text }) => text);
}

/** The counters of tickets against what hangs on them and on their replies. */
async function wrongCounters(sql: postgres.Sql): Promise<string[]> {
  const live = sql`attachments a join media_files f on f.id = a.media_file_id join blobs b on b.id = f.blob_id
    left join replies r on r.id = a.reply_id where a.deleted_at is null and a.message_id is null`;
  const rows = await sql<{ number: number; counted: number[]; actual: number[] }[]>`
    with actual as (
      select coalesce(a.ticket_id, r.ticket_id) as ticket_id,
        count(*) filter (where a.reply_id is null) as own, count(a.reply_id) as on_replies,
        coalesce(sum(b.size) filter (where a.reply_id is null), 0) as bytes,
        coalesce(sum(b.size) filter (where a.reply_id is not null), 0) as reply_bytes
      from ${live} group by 1)
    select * from (
      select t.number,
        array[attachment_count, reply_attachment_count, attachment_bytes, reply_attachment_bytes]::float8[] as counted,
        array[coalesce(own, 0), coalesce(on_replies, 0), coalesce(bytes, 0), coalesce(reply_bytes, 0)]::float8[] as actual
      from tickets t left join actual on actual.ticket_id = t.id) both_counts
    where counted <> actual`;
  return rows.map(({ number, counted, actual }) => `ticket ${number} counts ${counted} and has ${actual}`);
}

/** The sum of each company's stored bytes against its blobs. */
async function wrongSums(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ text: string }[]>`
    select 'company ' || c.id || ' counts ' || coalesce(used_bytes, 0) || ' bytes and stores ' || stored as text
    from companies c left join company_storage s on s.company_id = c.id
    cross join lateral (select coalesce(sum(size), 0) as stored from blobs b
      where b.company_id = c.id and b.integrity <> 'DESTROYED') sums
    where coalesce(used_bytes, 0) <> stored`;
  return rows.map(({ text }) => text);
}
