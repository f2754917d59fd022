import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import type { Clamd } from "../../../support/clamd.js";
import { eicar, hasClamd, malware, startClamd } from "../../../support/clamd.js";
import { createTestDatabase } from "../../../support/database.js";
import type { DirectDesk } from "../../../support/direct-desk.js";
import { openDirectDesk } from "../../../support/direct-desk.js";
import { until } from "../../../support/feed-world.js";
import {
  CreateTicketDocument,
  SignInDocument,
  UploadTicketAttachmentsDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises } from "../../../support/inventory.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";
import { asFile, download, infectedFiles, largeText } from "../../../support/scanned-desk.js";
import type { BuiltProcess, ServerProcess } from "../../../support/server-process.js";
import { startServerProcess, startWorkerProcess } from "../../../support/server-process.js";
import { codeIn, createClient, postGraphQL } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";

/** The schedule looks every minute, and the queue a while after that. */
const BY_ITSELF_MS = 150_000;

(hasClamd() ? describe : describe.skip)("a desk in a process of its own, and a real clamd", () => {
  let clamd: Clamd;
  beforeAll(async () => {
    clamd = await startClamd();
  });
  afterAll(() => clamd?.close());

  const settings = () => ({
    SCANNER: "clamd",
    CLAMD_URL: clamd.unixUrl,
    SCAN_INLINE_MEGABYTES: "1",
    DOWNLOADS_PER_MINUTE: "100000",
    UPLOADS_PER_MINUTE: "1000",
    UPLOAD_FILES_PER_MINUTE: "1000",
  });

  describe("with its files on the disk", () => {
    let database: Awaited<ReturnType<typeof createTestDatabase>>;
    let sql: postgres.Sql;
    let dataFolder: string;
    let server: ServerProcess;
    let ticketId: string;
    let requester: string;
    const start = async () => {
      server = await startServerProcess({
        DATABASE_URL: database.url,
        FILEDESK_DATA: dataFolder,
        ...settings(),
      });
    };
    const attach = async (file: File) => {
      const { data } = await createClient(server.url, requester).mutate({
        mutation: UploadTicketAttachmentsDocument,
        variables: { input: { ticketId, files: [file] } },
      });
      return new URL(data!.uploadTicketAttachments[0]!.url).pathname;
    };
    const get = (path: string) => download(`${server.url}${path}`, { token: requester } as SignedIn);
    const becomes = (path: string, status: number) =>
      until(async () => {
        const { status: now } = await get(path);
        if (now !== 423) expect(now).toBe(status);
        return now === status;
      }, BY_ITSELF_MS);

    beforeAll(async () => {
      database = await createTestDatabase();
      sql = postgres(database.url, { max: 1, onnotice: () => {} });
      dataFolder = await mkdtemp(join(tmpdir(), "filedesk-scanned-"));
      await start();
      const signedIn = await postGraphQL(server.url, SignInDocument, {
        input: { email: "customer@acme.test", password: "filedesk-demo" },
      });
      if (!signedIn.data?.signIn) throw new Error(JSON.stringify(signedIn.errors) + server.output());
      const { accessToken, viewer } = signedIn.data!.signIn;
      requester = accessToken;
      const { id: companyId } = viewer.memberships[0]!.company;
      const input = { companyId, subject: "It hums", description: "All night." };
      const opened = await postGraphQL(server.url, CreateTicketDocument, { input }, requester);
      ticketId = opened.data!.createTicket.id;
    });
    afterAll(async () => {
      // Infected bytes leave their places after the answer says so.
      await until(
        async () => (await sql`select from blobs where scan_status in ('PENDING', 'INFECTED')`).length === 0,
        BY_ITSELF_MS,
      );
      expect(await brokenPromises(sql, dataFolder)).toEqual([]);
      await server?.kill();
      await sql.end();
      await database.drop();
      await rm(dataFolder, { recursive: true, force: true });
    });

    it("takes uploads while the scanner is down, and scans them by itself when it is back", async () => {
      await clamd.kill();
      const paths = [];
      for (const file of [asFile(`small ${Math.random()}`), asFile(largeText()), asFile(eicar())])
        paths.push(await attach(file));
      for (const path of paths)
        expect(await get(path)).toMatchObject({ status: 423, retryAfter: expect.any(String) });
      expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ status: "degraded" });
      await clamd.start();
      const [small, large, infected] = paths as [string, string, string];
      await becomes(small, 200);
      await becomes(large, 200);
      await becomes(infected, 403);
      expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ status: "ok" });
    });

    it("neither loses nor launders a file when it is killed in the middle of a scan", async () => {
      clamd.signal("SIGSTOP");
      const clean = await attach(asFile(largeText()));
      const infected = await attach(asFile(largeText(malware())));
      const active = () => sql`select from pgboss.job where name = 'scan-file' and state = 'active'`;
      await until(async () => (await active()).length > 0);
      await server.kill();
      clamd.signal("SIGCONT");
      await start();
      await becomes(clean, 200);
      await becomes(infected, 403);
    });
  });

  (hasS3Gateway() ? describe : describe.skip)("with direct uploads to S3", () => {
    let desk: DirectDesk;
    let worker: BuiltProcess;
    beforeAll(async () => {
      desk = await openDirectDesk(await makeBucket(), settings());
      worker = await startWorkerProcess(desk.environment);
    });
    afterAll(async () => {
      await worker?.kill();
      await desk?.close();
    });

    const send = async (bytes: Buffer, fileName = "note.txt") => {
      const mimeType = fileName.endsWith("zip") ? "application/zip" : "text/plain";
      const upload = await desk.begin(bytes.length, { fileName, mimeType });
      const put = await fetch(upload.url, { method: "PUT", body: new Uint8Array(bytes) });
      expect(put.status).toBe(200);
      return upload.id;
    };
    const keysWith = async (part: string) =>
      (await desk.storage.list("")).map(({ key }) => key).filter((key) => key.includes(part));

    it("refuses an infected file when it is completed, and keeps no byte of it", async () => {
      const before = await keysWith("/originals/");
      for (const [name, bytes] of Object.entries(infectedFiles())) {
        const id = await send(bytes, name);
        expect([name, codeIn(await desk.complete(id))]).toEqual([name, "FILE_INFECTED"]);
        expect(codeIn(await desk.attach(id))).toBe("FILE_INFECTED");
      }
      expect(await keysWith("/originals/")).toEqual(before);
      expect(await keysWith("staging/")).toEqual([]);
    });

    it.each([
      ["gives out a large one when it is clean", largeText(), 200],
      ["quarantines a large one that is infected", largeText(malware()), 403],
    ])("%s", async (_what, content, status) => {
      const id = await send(Buffer.from(content));
      expect(codeIn(await desk.complete(id))).toBe("ok");
      const { data } = await desk.attach(id);
      const { url } = data!.uploadTicketAttachments[0]!;
      const by = { token: desk.tokens.requester } as SignedIn;
      const seen = new Set<number>();
      await until(async () => {
        const { status: now } = await download(url, by);
        seen.add(now);
        return now !== 423;
      }, BY_ITSELF_MS);
      expect([...seen].filter((one) => one !== 423)).toEqual([status]);
      const statusOfBytes = status === 403 ? "QUARANTINED" : "CLEAN";
      await until(
        async () =>
          (
            await desk.sql`select from blobs where scan_status = ${statusOfBytes} and size = ${content.length}`
          ).length === 1,
      );
      const [{ key }] = (await desk.sql`
        select storage_key as key from blobs order by created_at desc limit 1`) as unknown as [
        { key: string },
      ];
      expect(key.startsWith("quarantine/")).toBe(status === 403);
      // The copy outside goes a moment after the commit.
      await until(async () => (await keysWith(key.slice(-20))).length === 1);
      expect(await keysWith(key.slice(-20))).toEqual([key]);
    });
  });
});
