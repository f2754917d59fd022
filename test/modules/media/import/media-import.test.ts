import { once } from "node:events";
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import type { Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createImportTargets } from "../../../../src/app/wiring/imports.js";
import type {
  ImportEvent,
  ImportRequest,
  MediaImportDeps,
} from "../../../../src/modules/media/import/media-import.service.js";
import { createMediaImportService } from "../../../../src/modules/media/import/media-import.service.js";
import { tempFolderOf } from "../../../support/desk-storage.js";
import { brokenPromises, filesUnder } from "../../../support/inventory.js";
import { fixture, makeJpeg, makePdf, makePng } from "../../../support/make-files.js";
import type { TestServer } from "../../../support/test-server.js";
import { startTestServer } from "../../../support/test-server.js";

let server: TestServer;
let folder: string;
let web: Server;
let answer: (path: string, response: ServerResponse) => void;
let asked: string[] = [];
const pdf = makePdf();

const HEADER = "source,bucket,company,resourceType,resourceId,fieldName\n";
let course = 0;
/** A use of its own for each line. */
const line = (source: string, bucket = "ATTACHMENTS") =>
  `${source},${bucket},acme,course,${++course},banner\n`;
const webAt = (path: string) => `http://files.internal:${(web.address() as AddressInfo).port}${path}`;

async function run(
  manifest: string,
  more: Partial<ImportRequest> & { deps?: Partial<MediaImportDeps>; name?: string } = {},
) {
  const { deps, name = "manifest.csv", ...request } = more;
  const path = join(folder, name);
  await writeFile(path, manifest);
  const imports = createMediaImportService({
    db: server.database.db,
    ingest: server.services.ingest,
    targets: createImportTargets(server.services),
    resolveHost: async () => [{ address: "127.0.0.1", family: 4 }],
    retryAfterMs: [5, 5],
    ...deps,
  });
  const events: ImportEvent[] = [];
  const summary = await imports.importAll({
    manifest: path,
    baseFolder: join(folder, "old"),
    as: "agent@acme.test",
    atOnce: 4,
    allowedHosts: ["files.internal"],
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    ...request,
  });
  const failures = events.flatMap((event) =>
    event.event === "failed" ? [{ line: event.line, code: event.code, message: event.message }] : [],
  );
  return { summary, events, failures: failures.sort((a, b) => a.line - b.line) };
}

const rowsOf = (courses: readonly number[]) => server.database.sql<
  { course: string; fileName: string; sha: string; blob: string; uploader: string; imports: number }[]
>`select u.resource_id as course, f.file_name as "fileName", b.sha256 as sha, b.id as blob, p.email as uploader,
    (select count(*)::int from media_imports i where i.media_file_id = f.id) as imports
  from media_usages u join media_files f on f.id = u.media_file_id join blobs b on b.id = f.blob_id
    join users p on p.id = f.uploader_id
  where u.resource_type = 'course' and u.resource_id = any(${courses.map(String)}) order by u.resource_id::int`;

describe("an import", () => {
  beforeAll(async () => {
    server = await startTestServer();
    web = createServer((request, response) => {
      asked.push(request.url ?? "");
      answer(request.url ?? "", response);
    }).listen(0, "127.0.0.1");
    await once(web, "listening");
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-import-"));
    await mkdir(join(folder, "old"));
    await writeFile(join(folder, "old/a.pdf"), pdf);
    asked = [];
    answer = (_, response) => response.end(pdf);
  });
  afterEach(() => rm(folder, { recursive: true }));
  afterAll(async () => {
    web.closeAllConnections();
    web.close();
    await server.close();
  });

  it("takes files from folder and web through the checks of every upload, each with its use", async () => {
    await writeFile(join(folder, "old/broken.jpg"), (await makeJpeg()).subarray(0, 4_000));
    await writeFile(join(folder, "old/empty.pdf"), "");
    await writeFile(join(folder, "old/program.exe"), Buffer.from("MZ".padEnd(300, "\0")));
    await writeFile(join(folder, "old/liar.exe"), await makePng());
    answer = (path, response) => {
      response.setHeader("content-type", "image/png");
      response.end(path === "/page" ? "<html><body>Not found</body></html>" : pdf);
    };
    const first = course + 1;
    const manifest = `${HEADER}${line("a.pdf")}${line(webAt("/b.pdf"))}${line("broken.jpg")}${line("empty.pdf")}${line(
      "program.exe",
    )}${line("liar.exe")}${line("a.pdf", "PHOTOS")}${line("none.pdf")}${line("../secret.pdf")}${line(webAt("/page"))}`;
    const { summary, failures } = await run(manifest);
    expect(failures.map(({ line, code }) => `${line} ${code}`)).toEqual([
      "4 CORRUPT_FILE",
      "5 CORRUPT_FILE",
      "6 UNSUPPORTED_FILE_TYPE",
      "7 FILE_TYPE_MISMATCH",
      "8 UNSUPPORTED_FILE_TYPE",
      "9 SOURCE_NOT_FOUND",
      "10 SOURCE_REFUSED",
      "11 UNSUPPORTED_FILE_TYPE",
    ]);
    expect(failures[0]?.message).not.toMatch(/File 0/);
    expect(summary).toMatchObject({ entries: 10, imported: 2, known: 0, failed: 8, interrupted: false });
    const rows = await rowsOf([first, first + 1]);
    expect(rows.map(({ fileName, uploader, imports }) => [fileName, uploader, imports])).toEqual([
      ["a.pdf", "agent@acme.test", 1],
      ["b.pdf", "agent@acme.test", 1],
    ]);
    expect(rows[0]?.blob).toBe(rows[1]?.blob);
    expect(await filesUnder(tempFolderOf(server.dataFolder))).toEqual([]);
    expect(await brokenPromises(server.database.sql, server.dataFolder)).toEqual([]);
  });

  it("imports an entry once: in one manifest, when run again, and when two run at once", async () => {
    const entry = line("a.pdf");
    expect((await run(HEADER + entry + entry + entry)).summary).toMatchObject({ imported: 1, known: 2 });
    expect((await run(HEADER + entry)).summary).toMatchObject({ imported: 0, known: 1 });
    const shared = HEADER + Array.from({ length: 12 }, () => line("a.pdf")).join("");
    const both = await Promise.all([run(shared, { name: "1.csv" }), run(shared, { name: "2.csv" })]);
    expect(both[0].summary.imported + both[1].summary.imported).toBe(12);
    expect(both[0].summary.known + both[1].summary.known).toBe(12);
    expect(await rowsOf([course])).toHaveLength(1);
  });

  it("does not bring back what was purged after its import", async () => {
    const manifest = HEADER + line("a.pdf");
    await run(manifest);
    await server.database.sql`delete from media_files f using media_usages u
      where u.media_file_id = f.id and u.resource_type = 'course' and u.resource_id = ${course}`;
    expect((await run(manifest)).summary).toMatchObject({ imported: 0, known: 1 });
  });

  it("takes up an entry again that failed, when its line or its source has been mended", async () => {
    const entry = line("late.pdf");
    expect((await run(HEADER + entry)).summary).toMatchObject({ failed: 1 });
    await writeFile(join(folder, "old/late.pdf"), pdf);
    expect((await run(`${HEADER}${line("a.pdf")}${entry}`)).summary).toMatchObject({
      imported: 2,
      failed: 0,
    });
  });

  it("writes what failed and why into a report, as JSON lines or CSV, without a URL's password", async () => {
    const secret = "http://me:hunter2@files.internal/x.pdf";
    const manifest = HEADER + line("none.pdf") + line('"=cmd,none.pdf"') + line(secret);
    const jsonl = join(folder, "failed.jsonl");
    await run(manifest, { report: jsonl, atOnce: 1 });
    const lines = (await readFile(jsonl, "utf8")).trim().split("\n");
    expect(lines.map((text) => JSON.parse(text))).toEqual([
      { line: 2, source: "none.pdf", code: "SOURCE_NOT_FOUND", message: "There is no such file." },
      { line: 3, source: "=cmd,none.pdf", code: "SOURCE_NOT_FOUND", message: "There is no such file." },
      {
        line: 4,
        source: "http://***@files.internal/x.pdf",
        code: "SOURCE_REFUSED",
        message: expect.stringContaining("password"),
      },
    ]);
    const csv = join(folder, "failed.csv");
    await run(manifest, { report: csv, atOnce: 1 });
    expect((await readFile(csv, "utf8")).split("\n").slice(0, 3)).toEqual([
      "line,source,code,message",
      "2,none.pdf,SOURCE_NOT_FOUND,There is no such file.",
      `3,"'=cmd,none.pdf",SOURCE_NOT_FOUND,There is no such file.`,
    ]);
  });

  it("reads JSON lines, and tells each line that is none", async () => {
    const good = {
      source: "a.pdf",
      bucket: "attachments",
      company: "ACME",
      resourceType: "course",
      resourceId: ++course,
      fieldName: "banner",
      fileName: "Kursübersicht.pdf",
      uploader: "Manager@acme.test",
    };
    const manifest = [
      JSON.stringify(good),
      "{oops",
      "",
      "[1]",
      JSON.stringify({ ...good, filename: "x" }),
      JSON.stringify({ ...good, source: { a: 1 } }),
      JSON.stringify({ source: "a.pdf" }),
    ].join("\r\n");
    const { summary, failures } = await run(manifest, { name: "manifest.jsonl" });
    expect(summary).toMatchObject({ entries: 6, imported: 1, failedByCode: { BAD_ENTRY: 5 } });
    expect(failures.map((failure) => failure.line)).toEqual([2, 4, 5, 6, 7]);
    expect(failures[2]?.message).toContain('"filename"');
    expect(failures[4]?.message).toContain("company is missing; resourceType is missing");
    expect(await rowsOf([course])).toMatchObject([
      { fileName: "Kursübersicht.pdf", uploader: "manager@acme.test" },
    ]);
  });

  it.each([
    ["a company that is not there", "a.pdf,ATTACHMENTS,nowhere,course,1,banner,"],
    ["a bucket that is not there", "a.pdf,CELLAR,acme,course,1,banner,"],
    ["an uploader who is not there", "a.pdf,ATTACHMENTS,acme,course,1,banner,nobody@acme.test"],
    ["an uploader of another company", "a.pdf,ATTACHMENTS,acme,course,1,banner,agent@globex.test"],
    ["a use that Filedesk makes itself", "a.pdf,ATTACHMENTS,acme,attachment,1,file,"],
    ["the same in other letters", "a.pdf,ATTACHMENTS,acme,PhotoSeries,1,file,"],
    ["the same with other separators", "a.pdf,ATTACHMENTS,acme,video.clip,1,file,"],
    ["an avatar of something else", "logo.png,AVATARS,acme,course,1,banner,"],
    ["a logo of something else", "logo.png,COMPANY_LOGOS,acme,course,1,banner,"],
    ["another company's logo", "logo.png,COMPANY_LOGOS,acme,company,globex,logo,"],
    ["a logo in another bucket", "logo.png,PHOTOS,acme,company,acme,logo,"],
    ["an avatar of another company's person", "logo.png,AVATARS,acme,user,agent@globex.test,avatar,"],
    ["a field name with spaces", "a.pdf,ATTACHMENTS,acme,course,1,the banner,"],
    ["too few columns", "a.pdf,ATTACHMENTS,acme"],
  ])("refuses an entry with %s, and goes on", async (_what, entry) => {
    await writeFile(join(folder, "old/logo.png"), await makePng());
    const manifest = `${HEADER.trim()},uploader\n${entry}\n${line("a.pdf").trim()},\n`;
    const { summary } = await run(manifest);
    expect(summary).toMatchObject({ imported: 1, failedByCode: { BAD_ENTRY: 1 } });
  });

  it("says so when nobody is named as uploader", async () => {
    const { failures } = await run(HEADER + line("a.pdf"), { as: undefined });
    expect(failures).toMatchObject([{ code: "BAD_ENTRY", message: expect.stringContaining("--as") }]);
  });

  it("refuses at once when the person is not there who is to be the uploader of all", async () => {
    await expect(run("nonsense", { as: "nobody@acme.test" })).rejects.toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringContaining("nobody@acme.test"),
    });
  });

  it("reports in the order of the manifest, whatever ends first", async () => {
    let release = () => {};
    answer = (path, response) => {
      const end = () => response.writeHead(404).end();
      if (path === "/slow.pdf") release = end;
      else end();
      if (path === "/last.pdf") release();
    };
    const sources = [webAt("/slow.pdf"), "none.pdf", "../x.pdf", webAt("/fast.pdf"), webAt("/last.pdf")];
    const report = join(folder, "ordered.jsonl");
    const { events } = await run(HEADER + sources.map((source) => line(source)).join(""), {
      report,
      atOnce: 2,
    });
    const linesOf = (all: readonly object[]) => all.flatMap((one) => ("line" in one ? [one.line] : []));
    expect(linesOf(events)[0]).not.toBe(2);
    const reported = (await readFile(report, "utf8")).trim().split("\n");
    expect(linesOf(reported.map((text) => JSON.parse(text)))).toEqual([2, 3, 4, 5, 6]);
  });

  it("writes the report through a link, and into nothing that was there before", async () => {
    const [real, other, alias] = ["real.csv", "other.csv", "alias.csv"].map((name) => join(folder, name));
    await writeFile(real!, "precious");
    await link(real!, other!);
    await symlink(real!, alias!);
    await run(HEADER + line("none.pdf"), { report: alias! });
    expect(await readFile(real!, "utf8")).toContain("SOURCE_NOT_FOUND");
    expect(await readFile(other!, "utf8")).toBe("precious");
    expect((await lstat(alias!)).isSymbolicLink()).toBe(true);
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it.each([
    ["the manifest", "manifest.csv", /manifest itself/],
    ["the manifest by another path", "old/../manifest.csv", /manifest itself/],
    ["a link to the manifest", "link.csv", /manifest itself/],
    ["a second name of the manifest", "hard.csv", /manifest itself/],
    ["a folder", "old", /no file/],
    ["a file in no folder", "nowhere/failed.csv", /cannot be written: its folder does not exist/],
    ["a file in a file", "old/a.pdf/failed.csv", /cannot be written: its folder is none/],
  ])("refuses to report into %s before anything is imported", async (_what, report, message) => {
    const manifest = HEADER + line("a.pdf");
    const path = join(folder, "manifest.csv");
    await writeFile(path, manifest);
    await symlink(path, join(folder, "link.csv"));
    await link(path, join(folder, "hard.csv"));
    await expect(run(manifest, { report: join(folder, report) })).rejects.toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringMatching(message),
    });
    expect(await readFile(path, "utf8")).toBe(manifest);
    expect(await rowsOf([course])).toEqual([]);
  });

  it("imports a company's logo and a person's avatar, and does not replace one that is there", async () => {
    await writeFile(join(folder, "old/logo.png"), await makePng());
    await writeFile(join(folder, "old/other.png"), await makePng());
    // The demo has given looks to both.
    await server.database.sql`delete from media_usages where resource_type in ('company', 'user')`;
    const manifest = `${HEADER}logo.png,COMPANY_LOGOS,globex,company,globex,logo
logo.png,AVATARS,globex,user,Customer@globex.test,avatar
other.png,COMPANY_LOGOS,globex,company,globex,logo\n`;
    const { summary, failures } = await run(manifest, { as: "admin@filedesk.test", atOnce: 1 });
    expect(summary).toMatchObject({ imported: 2, failed: 1 });
    expect(failures).toMatchObject([
      { line: 4, code: "BAD_ENTRY", message: expect.stringContaining("set already") },
    ]);
    const uses = await server.database.sql`select field_name from media_usages u
      where (resource_type = 'company' and resource_id = (select id::text from companies where slug = 'globex'))
        or (resource_type = 'user' and resource_id = (select id::text from users where email = 'customer@globex.test'))
      order by 1`;
    expect(uses.map((row) => row.field_name)).toEqual(["avatar", "logo"]);
  });

  it.each([
    ["no header", "", /empty/],
    ["a header without a column", "source,bucket\n", /lacks company, resourceType/],
    ["a header with a column too many", `${HEADER.trim()},colour\n`, /colour/],
    ["quotes that do not close", `${HEADER}"a.pdf,ATTACHMENTS,acme,course,1,banner\n`, /CSV/],
  ])("refuses a manifest with %s before anything is imported", async (_what, manifest, message) => {
    await expect(run(manifest)).rejects.toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ["semicolons", ";"],
    ["tabs", "\t"],
  ])("takes a manifest whose columns are parted by %s, and commas in its names", async (_what, delimiter) => {
    await writeFile(join(folder, "old/a, b.pdf"), pdf);
    const parted = (text: string) => text.replaceAll(",", delimiter);
    const text = `\uFEFF\n${parted(HEADER)}${parted(line("NAME")).replace("NAME", "a, b.pdf")}`;
    const { summary } = await run(text.replaceAll("\n", "\r\n"));
    expect(summary).toMatchObject({ imported: 1, failed: 0 });
    expect(await rowsOf([course])).toMatchObject([{ fileName: "a, b.pdf" }]);
  });

  it("names the file of what was known, in the same run and in the next", async () => {
    const entry = line("a.pdf");
    const idsOf = ({ events }: { events: readonly ImportEvent[] }) =>
      events.flatMap((event) => ("mediaFileId" in event ? [`${event.event} ${event.mediaFileId}`] : []));
    const [imported, again] = idsOf(await run(HEADER + entry + entry, { atOnce: 1 }));
    const id = imported?.replace("imported ", "");
    expect(again).toBe(`known ${id}`);
    expect(idsOf(await run(HEADER + entry))).toEqual([`known ${id}`]);
    await server.database.sql`delete from media_files where id = ${id!}`;
    expect(idsOf(await run(HEADER + entry))).toEqual(["known null"]);
  });

  it("knows a file again in the other Unicode form, and with the slashes of Windows", async () => {
    await mkdir(join(folder, "old/Kurs"));
    await writeFile(join(folder, "old/Kurs/Müller.pdf"), pdf);
    const entry = line("Kurs/Müller.pdf");
    const others = [entry.normalize("NFD"), entry.replace("/", "\\")];
    const { summary } = await run(HEADER + [entry, ...others].join(""), { atOnce: 1 });
    expect(summary).toMatchObject({ imported: 1, known: 2 });
  });

  it("takes headers as other programs write them, with a byte order mark", async () => {
    const header = "\uFEFFSource,Bucket,Company,resource_type,Resource ID,field-name\r\n";
    const { summary } = await run(header + line("a.pdf"));
    expect(summary).toMatchObject({ imported: 1, failed: 0 });
  });

  it("tries a source that fails for a moment twice more, and one that fails for good not again", async () => {
    let failures = 2;
    answer = (path, response) => {
      if (path === "/gone.pdf") response.writeHead(404).end();
      else if (path === "/down.pdf") response.writeHead(503).end();
      else if (failures-- > 0)
        response.writeHead(200, { "content-length": pdf.length }).write("%PDF", () => response.destroy());
      else response.end(pdf);
    };
    const manifest = HEADER + ["/up.pdf", "/down.pdf", "/gone.pdf"].map((path) => line(webAt(path))).join("");
    const result = await run(manifest, { atOnce: 1 });
    expect(result.summary).toMatchObject({ imported: 1, failedByCode: { SOURCE_BAD_ANSWER: 2 } });
    expect(asked).toEqual([
      ...["/up.pdf", "/up.pdf", "/up.pdf"],
      ...["/down.pdf", "/down.pdf", "/down.pdf"],
      "/gone.pdf",
    ]);
  });

  it("cuts a file off at its bucket's limit, however large it says it is", async () => {
    let sent = 0;
    const png = fixtureOfJpegHead();
    answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(png)) sent += png.length;
      };
      response.on("drain", more);
      more();
    };
    const { failures } = await run(HEADER + line(webAt("/endless.jpg"), "PHOTOS"));
    expect(failures).toMatchObject([{ code: "FILE_TOO_LARGE" }]);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it("reaches no private network unless the host is allowed by name", async () => {
    const { failures } = await run(HEADER + line(webAt("/a.pdf")), { allowedHosts: [] });
    expect(failures).toMatchObject([{ code: "SOURCE_REFUSED" }]);
    expect(asked).toEqual([]);
  });

  it("stops when it is asked to, and goes on from there", async () => {
    const stop = new AbortController();
    answer = (_, response) => {
      if (asked.length === 5) stop.abort();
      else response.end(pdf);
    };
    const manifest = HEADER + Array.from({ length: 20 }, (_, n) => line(webAt(`/${n}.pdf`))).join("");
    const { summary, failures } = await run(manifest, { atOnce: 2, signal: stop.signal });
    expect(summary.interrupted).toBe(true);
    expect(failures).toEqual([]);
    answer = (_, response) => response.end(pdf);
    const rest = (await run(manifest)).summary;
    expect(rest).toMatchObject({
      imported: 20 - summary.imported,
      known: summary.imported,
      interrupted: false,
    });
  });

  it("stops at once when the database is gone, rather than fail every entry", async () => {
    const broken = Object.assign(new Error("write CONNECTION_ENDED"), { code: "CONNECTION_ENDED" });
    const ingest = { ...server.services.ingest, ingestFiles: () => Promise.reject(broken) };
    const manifest = HEADER + line("a.pdf") + line("a.pdf");
    await expect(run(manifest, { deps: { ingest } })).rejects.toBe(broken);
  });
});

function fixtureOfJpegHead(): Buffer {
  const bytes = Buffer.alloc(256 * 1024, 0x55);
  fixture("notes.pdf").copy(bytes);
  return bytes;
}
