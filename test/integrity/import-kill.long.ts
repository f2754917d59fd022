import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import type { CommandEnding } from "../support/command-process.js";
import { runCommand, startCommand } from "../support/command-process.js";
import { createTestDatabase } from "../support/database.js";
import { brokenPromises } from "../support/inventory.js";
import { makePdf, makePlainPng } from "../support/make-files.js";

const ENTRIES = 2_000;
const PROGRAM = Buffer.from("MZ".padEnd(300, "\0"));

/** An entry of the legacy set: what lies at its source, and what becomes of it. */
interface Legacy {
  readonly source: string;
  readonly bytes: Buffer | null;
  readonly code: string | null;
}

let folder: string;
let web: Server;
let sql: postgres.Sql;
let environment: Record<string, string>;
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "filedesk-legacy-"));
  const database = await createTestDatabase();
  sql = postgres(database.url, { max: 2, onnotice: () => {} });
  environment = { DATABASE_URL: database.url, FILEDESK_DATA: join(folder, "data"), NODE_ENV: "test" };
  cleanUps.push(
    () => rm(folder, { recursive: true }),
    () => database.drop(),
    () => sql.end(),
  );
});

afterAll(async () => {
  web?.closeAllConnections();
  web?.close();
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

/** Of every 20: 12 good files, 2 of the same bytes, 1 of each kind that cannot be taken. A third comes by http. */
function legacyAt(index: number, base: string): Legacy {
  const name = `${Math.floor(index / 100)}/file-${index}`;
  const from = (ending: string) => (index % 3 === 0 ? `${base}/${name}${ending}` : `${name}${ending}`);
  const good = (source: string, bytes: Buffer): Legacy => ({ source, bytes, code: null });
  const kind = index % 20;
  if (kind < 8)
    return good(from(".txt"), Buffer.from(`Note ${index}: the heating in room ${index % 90} is cold.\n`));
  if (kind < 11) return good(from(".pdf"), makePdf(`Invoice ${index}`));
  if (kind < 12) return good(from(".png"), makePlainPng({ width: index + 1, height: 8 }));
  if (kind < 14) return good(from(".csv"), Buffer.from("time,door\n08:02,204\n08:05,205\n"));
  if (kind === 14)
    return {
      source: from(".jpg"),
      bytes: null,
      code: index % 3 === 0 ? "SOURCE_BAD_ANSWER" : "SOURCE_NOT_FOUND",
    };
  if (kind === 15)
    return {
      source: from(".png"),
      bytes: makePlainPng({ width: index }).subarray(0, 50),
      code: "CORRUPT_FILE",
    };
  if (kind === 16) return { source: from(".exe"), bytes: PROGRAM, code: "UNSUPPORTED_FILE_TYPE" };
  if (kind === 17)
    return { source: from(".pdf"), bytes: makePlainPng({ width: index }), code: "FILE_TYPE_MISMATCH" };
  if (kind === 18) return { source: from(".pdf"), bytes: Buffer.alloc(0), code: "CORRUPT_FILE" };
  return { source: `../file-${index}.txt`, bytes: null, code: "SOURCE_REFUSED" };
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("an import that is killed twice on its way", () => {
  it("ends with every good file once, and with every bad one in the report", async () => {
    const served = new Map<string, Buffer>();
    web = createServer(({ url = "" }, response) => {
      const bytes = served.get(url);
      response.writeHead(bytes ? 200 : 404).end(bytes);
    }).listen(0, "127.0.0.1");
    await once(web, "listening");
    const base = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const legacy = Array.from({ length: ENTRIES }, (_, index) => legacyAt(index, base));
    for (const { source, bytes } of legacy) {
      if (bytes === null) continue;
      if (source.startsWith(base)) served.set(source.slice(base.length), bytes);
      else {
        const path = join(folder, "old", source);
        await mkdir(join(path, ".."), { recursive: true });
        await writeFile(path, bytes);
      }
    }
    // Every tenth entry stands in the manifest twice: 2,200 lines in all.
    const listed = legacy.flatMap((entry, index) =>
      Array.from({ length: index % 10 === 0 ? 2 : 1 }, () => ({ ...entry, index })),
    );
    const manifest = join(folder, "legacy.csv");
    const lines = listed.map(({ source, index }) => `${source},ATTACHMENTS,acme,note,${index},file`);
    await writeFile(
      manifest,
      `${["source,bucket,company,resourceType,resourceId,fieldName", ...lines].join("\n")}\n`,
    );
    expect((await runCommand(["seed"], environment)).code).toBe(0);

    const report = join(folder, "failed.jsonl");
    const args = ["import", manifest, "--base", join(folder, "old"), "--as", "agent@acme.test", "--json"];
    const run = () => startCommand([...args, "--allow-host", "127.0.0.1", "--report", report], environment);
    for (const after of [300, 1_100]) {
      const killed = run();
      await killed.printed(after);
      killed.signal("SIGKILL");
      expect((await killed.ended).code).toBeNull();
      for (const text of (await readFile(report, "utf8")).trim().split("\n"))
        expect(() => JSON.parse(text)).not.toThrow();
    }
    const before = await countImported();
    expect(before).toBeGreaterThan(100);
    const last = await run().ended;
    expect(last.code).toBe(2);
    const good = legacy.flatMap((entry, index) => (entry.code === null ? [{ ...entry, index }] : []));
    const bad = listed.flatMap(({ source, code }, at) =>
      code === null ? [] : [{ line: at + 2, source, code }],
    );
    expect(summaryOf(last)).toMatchObject({
      entries: listed.length,
      imported: good.length - before,
      known: listed.length - bad.length - (good.length - before),
      failed: bad.length,
    });

    const rows = await sql<{ note: string; sha: string }[]>`
      select u.resource_id as note, b.sha256 as sha from media_usages u
        join media_files f on f.id = u.media_file_id join blobs b on b.id = f.blob_id
      where u.resource_type = 'note' order by u.resource_id::int`;
    expect(rows.map(({ note, sha }) => `${note} ${sha}`)).toEqual(
      good.map(({ index, bytes }) => `${index} ${sha256(bytes ?? Buffer.alloc(0))}`),
    );
    const reported = (await readFile(report, "utf8")).trim().split("\n");
    const failures = reported.map(
      (text) => JSON.parse(text) as { line: number; source: string; code: string },
    );
    expect(failures.map(({ line, source, code }) => ({ line, source, code }))).toEqual(bad);
    expect(await brokenPromises(sql, join(folder, "data"))).toEqual([]);

    expect(summaryOf(await run().ended)).toMatchObject({ imported: 0, failed: bad.length });
  });
});

const countImported = async () =>
  (await sql`select count(*)::int as count from media_imports`)[0]?.count as number;

const summaryOf = ({ events }: CommandEnding) => events.find(({ event }) => event === "done");
