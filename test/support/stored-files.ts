import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import postgres from "postgres";
import { newId } from "../../src/kernel/ids.js";
import type { DatabaseClient } from "../../src/platform/database/client.js";
import { connectDatabase } from "../../src/platform/database/client.js";
import { withEventRecording } from "../../src/platform/events/log/record-event.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import { createTestDatabase } from "./database.js";
import { openStorageOf } from "./desk-storage.js";

export interface StoredFile {
  readonly id: string;
  readonly blobId: string;
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
}

export interface FileToStore {
  readonly companyId?: string;
  readonly content?: string | Buffer;
  readonly mimeType?: string;
  /** Shares the blob of this file. */
  readonly like?: StoredFile;
  readonly versionOf?: StoredFile;
  readonly deletedAt?: Date;
  readonly expiresAt?: Date;
  readonly createdAt?: Date;
  /** Names of variants, each stored as a few bytes. */
  readonly variants?: readonly string[];
}

export interface StoredWorld {
  /** Of the owner of the tables, as `database.sql` is; `database.db` is a server's. */
  readonly databaseUrl: string;
  /** The settings of a server. */
  readonly serverUrl: string;
  readonly database: DatabaseClient;
  readonly dataFolder: string;
  readonly storage: Storage;
  readonly companyId: string;
  readonly userId: string;
  newCompany(deletedAt?: Date): Promise<string>;
  /** Rows and bytes as an upload leaves them. */
  store(file?: FileToStore): Promise<StoredFile>;
  /** Takes a file into use. */
  use(file: StoredFile): Promise<void>;
  /** What is in the storage and what rows point at, each as sorted keys. */
  inventory(): Promise<{ stored: string[]; known: string[] }>;
  close(): Promise<void>;
}

/** A database and a storage of files without a server: for what works on many of them. */
export async function openStoredWorld(): Promise<StoredWorld> {
  const testDatabase = await createTestDatabase();
  const client = connectDatabase(testDatabase.serverUrl, { connections: 5 });
  // Drizzle has its own idea of dates on the connections that it is given.
  const sql = postgres(testDatabase.url, { max: 3, onnotice: () => {} });
  const database = { ...client, sql, db: withEventRecording(client.db, () => {}) };
  const dataFolder = await mkdtemp(join(tmpdir(), "filedesk-stored-"));
  const storage = await openStorageOf(dataFolder);
  const userId = newId();
  await sql`insert into users (id, email, name) values (${userId}, 'keeper@acme.test', 'Keeper')`;

  const newCompany = async (deletedAt: Date | null = null) => {
    const id = newId();
    const slug = `c${randomUUID().slice(0, 8)}`;
    await sql`insert into companies (id, slug, name, deleted_at) values (${id}, ${slug}, ${slug}, ${deletedAt})`;
    return id;
  };
  const companyId = await newCompany();
  const put = (key: string, bytes: string | Buffer) => storage.put(key, Readable.from([Buffer.from(bytes)]));

  async function storeBlob(ofCompany: string, content: string | Buffer, file: FileToStore) {
    const { mimeType = "text/plain", variants = [] } = file;
    const blob = { id: newId(), key: `${ofCompany}/attachments/2026/11/originals/${newId()}.txt` };
    const sha256 = createHash("sha256").update(content).digest("hex");
    await put(blob.key, content);
    await sql`
      insert into blobs (id, company_id, sha256, size, mime_type, storage_key, scan_status)
      values (${blob.id}, ${ofCompany}, ${sha256}, ${content.length}, ${mimeType}, ${blob.key}, 'NOT_SCANNED')`;
    for (const name of variants) {
      const key = `${ofCompany}/attachments/2026/11/${name}/${newId()}.webp`;
      const bytes = `${name} of it`;
      await put(key, bytes);
      await sql`
        insert into blob_variants (id, company_id, blob_id, name, storage_key, mime_type, width, height, size, sha256)
        values (${newId()}, ${ofCompany}, ${blob.id}, ${name}, ${key}, 'image/webp', 1, 1, ${bytes.length}, ${createHash("sha256").update(bytes).digest("hex")})`;
    }
    return { blobId: blob.id, key: blob.key, size: content.length, sha256 };
  }

  return {
    databaseUrl: testDatabase.url,
    serverUrl: testDatabase.serverUrl,
    database,
    dataFolder,
    storage,
    companyId,
    userId,
    newCompany,
    async store(file = {}) {
      const ofCompany = file.companyId ?? companyId;
      const content = file.content ?? randomBytes(50).toString("hex");
      const blob = file.like ?? (await storeBlob(ofCompany, content, file));
      const id = newId();
      const createdAt = file.createdAt ?? new Date();
      await sql`
        insert into media_files (id, company_id, blob_id, bucket, file_name, size, mime_type, uploader_id, version_of,
          deleted_at, expires_at, created_at, updated_at, variants_status)
        values (${id}, ${ofCompany}, ${blob.blobId}, 'ATTACHMENTS', 'note.txt', ${blob.size}, ${file.mimeType ?? "text/plain"}, ${userId},
          ${file.versionOf?.id ?? null}, ${file.deletedAt ?? null}, ${file.expiresAt ?? null}, ${createdAt},
          ${createdAt}, ${file.variants ? "READY" : "NOT_APPLICABLE"})`;
      return { ...blob, id };
    },
    async use(file) {
      await sql`
        insert into media_usages (id, company_id, media_file_id, resource_type, resource_id, field_name)
        select ${newId()}, company_id, id, 'page', ${newId()}, 'banner' from media_files where id = ${file.id}`;
    },
    async inventory() {
      const stored: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await storage.list("", after);
        stored.push(...page.map(({ key }) => key));
        after = page.at(-1)?.key;
        if (page.length === 0) break;
      }
      const known = await sql<{ key: string }[]>`
        select storage_key as key from blobs union all select storage_key from blob_variants`;
      return { stored: stored.sort(), known: known.map(({ key }) => key).sort() };
    },
    async close() {
      await client.close();
      await sql.end();
      await testDatabase.drop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
