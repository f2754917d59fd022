import { connectDriver } from "../src/platform/database/connect-driver.js";
import type { Person } from "./desk-client.js";
import { call, signIn } from "./desk-client.js";
import type { BenchEnvironment } from "./scenario.js";
import { median } from "./scenario.js";

/** The number of the company's files, and the number of the deep page. */
const FILES = 100_000;
const PAGE = 20;
const DEEP = 1_000;
const WARM_UPS = 30;
const REPETITIONS = 200;

/** Target: the most expensive page takes at most this multiple of the cheapest. */
const TARGET_RATIO = 1.5;
const FULL_SCAN_TARGET_MS = 1_000;

const LIST = `query ($companyId: ID!, $filter: MediaFileFilter, $orderBy: MediaFileOrder, $after: String) {
  mediaFiles(companyId: $companyId, filter: $filter, orderBy: $orderBy, first: ${PAGE}, after: $after) {
    nodes { id fileName size mimeType createdAt url }
    pageInfo { hasNextPage endCursor }
  }
}`;

const ORPHANS = `query ($companyId: ID!) {
  orphanedMediaFiles(companyId: $companyId, olderThanDays: 0, first: ${PAGE}) { nodes { id } totalCount }
}`;

const REPORT = `query ($companyId: ID!) {
  storageReport(companyId: $companyId) { files bytes savedBytes orphans { files } byMonth { month bytes } }
}`;

interface Variables {
  readonly filter?: object;
  readonly orderBy?: string;
  readonly after?: string | null;
}

/** The measured queries and their variables. */
const queriesOf = (deep: string, deepBySize: string): Record<string, Variables> => ({
  "first page": {},
  "1,000th page": { after: deep },
  "1,000th page by size": { orderBy: "LARGEST", after: deepBySize },
  "filtered: bucket": { filter: { bucket: ["PHOTOS"] } },
  "filtered: type": { filter: { mimeType: ["application/pdf"] } },
  "filtered: kind and size": { filter: { kind: ["IMAGE"], minSize: 100_000 } },
  "filtered: used": { filter: { isUsed: true } },
  "filtered: a name of few": { filter: { search: "report-77123" } },
  "filtered: a name of many": { filter: { search: "photo" } },
});

/** Measures a gallery of 100,000 files: its pages against each other, and queries that read all files. */
export async function measureGallery({ databaseUrl, start }: BenchEnvironment): Promise<string> {
  const filedesk = await start({ WORKER: "off" });
  const manager = await signIn(filedesk.port, "manager@acme.test");
  await fill(databaseUrl, manager.companyId);
  const deep = await cursorOf(filedesk.port, manager, {});
  const deepBySize = await cursorOf(filedesk.port, manager, { orderBy: "LARGEST" });
  const all = Object.entries(queriesOf(deep, deepBySize));
  const times = new Map<string, number[]>(all.map(([name]) => [name, []]));
  // In turns, so that a temporary slowdown of the machine affects all of them.
  for (let round = -WARM_UPS; round < REPETITIONS; round++)
    for (const [name, variables] of all) {
      const elapsed = await timed(filedesk.port, manager, LIST, variables);
      if (round >= 0) times.get(name)?.push(elapsed);
    }
  const whole = {
    "orphans: first page and count": await medianOf(() => timed(filedesk.port, manager, ORPHANS)),
    "storage report": await medianOf(() => timed(filedesk.port, manager, REPORT)),
  };
  const plan = await planOfOrphans(databaseUrl, manager.companyId);
  return describe(
    [...times].map(([name, values]) => [name, median(values)] as const),
    whole,
    plan,
  );
}

/**
 * Inserts rows like those of uploads, without bytes: a tenth share their blob with an earlier file, half are in use.
 */
async function fill(databaseUrl: string, companyId: string): Promise<void> {
  const sql = connectDriver(databaseUrl, { max: 1 });
  try {
    // Ids in the form of version 4 (RFC 9562 §5.4), derived from the number.
    await sql`
      create function pg_temp.id_of(what text, n int) returns uuid immutable language sql as
        $$ select overlay(overlay(md5(what || n) placing '4' from 13) placing '8' from 17)::uuid $$`;
    await sql`
      insert into blobs (id, company_id, sha256, size, mime_type, storage_key, scan_status)
      select pg_temp.id_of('blob', n), ${companyId}, encode(sha256(n::text::bytea), 'hex'), 1000 + (n * 7919) % 3000000,
        case n % 10 when 0 then 'application/pdf' when 1 then 'text/plain' when 2 then 'image/png' else 'image/jpeg' end,
        'bench/' || n, 'NOT_SCANNED'
      from generate_series(0, ${FILES - 1}::int) n where n % 100 >= 10`;
    await sql`
      insert into media_files
        (id, company_id, blob_id, bucket, file_name, size, mime_type, uploader_id, created_at, updated_at)
      select pg_temp.id_of('file', n), ${companyId}, b.id,
        (case when n % 10 < 2 then 'ATTACHMENTS' when n % 10 < 6 then 'PHOTOS' else 'PUBLIC_PAGES' end)::bucket,
        case n % 10 when 0 then 'report-' when 1 then 'notes-' else 'photo-' end || n, b.size, b.mime_type,
        (array(select user_id from memberships where company_id = ${companyId} order by user_id))[1 + n % 4],
        now() - n * interval '5 minutes', now() - n * interval '5 minutes'
      from generate_series(0, ${FILES - 1}::int) n
        join blobs b on b.id = pg_temp.id_of('blob', case when n % 100 < 10 then n + 10 else n end)`;
    await sql`
      insert into media_usages (id, company_id, media_file_id, resource_type, resource_id, field_name)
      select gen_random_uuid(), ${companyId}, pg_temp.id_of('file', n), 'page', n::text, 'banner'
      from generate_series(0, ${FILES - 1}::int) n where n % 2 = 0`;
    await sql`vacuum analyze`;
  } finally {
    await sql.end();
  }
}

/** The cursor at which the deep page begins. */
async function cursorOf(port: number, person: Person, variables: Variables): Promise<string> {
  let after: string | null = null;
  for (let page = 1; page < DEEP; page += 5) after = await walk(port, person, { ...variables, after });
  return after ?? "";
}

/** Reads five pages at once. */
async function walk(port: number, { token, companyId }: Person, variables: object): Promise<string> {
  const query = LIST.replace(`first: ${PAGE}`, `first: ${5 * PAGE}`);
  const body = JSON.stringify({ query, variables: { companyId, ...variables } });
  const { mediaFiles } = await call<{ mediaFiles: { pageInfo: { endCursor: string } } }>(port, token, body);
  return mediaFiles.pageInfo.endCursor;
}

/** The milliseconds of one request. */
async function timed(
  port: number,
  { token, companyId }: Person,
  query: string,
  variables: Variables = {},
): Promise<number> {
  const body = JSON.stringify({ query, variables: { companyId, ...variables } });
  const startedAt = performance.now();
  await call(port, token, body);
  return performance.now() - startedAt;
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let n = 0; n < 5; n++) values.push(await measure());
  return median(values);
}

/** The indexes that a page of orphans uses. */
async function planOfOrphans(databaseUrl: string, companyId: string): Promise<string> {
  const sql = connectDriver(databaseUrl, { max: 1 });
  try {
    const rows = await sql`
      explain select id from media_files where company_id = ${companyId} and deleted_at is null
        and version_of is null and created_at < now() and updated_at < now()
        and not exists (select from media_usages where media_usages.media_file_id = media_files.id)
        order by created_at, id limit ${PAGE}`;
    const text = rows.map((row) => String(row["QUERY PLAN"])).join("\n");
    return [...text.matchAll(/Index.* using (\w+)/g)].map(([, name]) => name).join(" and ");
  } finally {
    await sql.end();
  }
}

function describe(
  pages: readonly (readonly [name: string, ms: number])[],
  whole: Readonly<Record<string, number>>,
  plan: string,
): string {
  const fastest = Math.min(...pages.map(([, ms]) => ms));
  const slowest = Math.max(...pages.map(([, ms]) => ms));
  const ratio = slowest / fastest;
  const reached = ratio <= TARGET_RATIO && Object.values(whole).every((ms) => ms < FULL_SCAN_TARGET_MS);
  return [
    `**A gallery of ${FILES.toLocaleString("en")} files, ${PAGE} a page**: the most expensive page takes ${ratio.toFixed(2)} times as long as the cheapest (target: ${TARGET_RATIO.toFixed(1)}; queries over all files: ${FULL_SCAN_TARGET_MS} ms; ${reached ? "reached" : "missed"})`,
    "",
    "|  | ms, median |",
    "| --- | ---: |",
    ...pages.map(([name, ms]) => `| ${name} | ${ms.toFixed(1)} |`),
    ...Object.entries(whole).map(([name, ms]) => `| ${name} | ${ms.toFixed(0)} |`),
    "",
    `A page of orphans is read by ${plan || "no index"}.`,
  ].join("\n");
}
