import { randomBytes } from "node:crypto";
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pass, setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { files as incoming } from "../../src/app/demo/demo-files.js";
import type { UserViewer } from "../../src/modules/identity/viewer.js";
import { query } from "../support/database.js";
import {
  AddReplyDocument,
  CreateTicketDocument,
  TicketDocument,
  UploadTicketAttachmentsDocument,
} from "../support/generated/operations.js";
import { brokenPromises, filesUnder, strayFiles } from "../support/inventory.js";
import type { NamedBytes } from "../support/post-files.js";
import { holdPost, postFiles, sha256 } from "../support/post-files.js";
import { purgeDeletedFiles } from "../support/purge-deleted-files.js";
import { codeIn } from "../support/test-client.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

const MEGABYTES = 8;
/** More than is kept in memory before the first write to a temp file. */
const LARGE = 300_000;

let desk: TestServer;
let token: string;
let viewer: UserViewer;
let companyId: string;

beforeAll(async () => {
  const env = { TICKET_MEGABYTES: String(MEGABYTES), UPLOADS_AT_ONCE: "50" };
  desk = await startTestServer({ env });
  const person = await desk.signInAs("customer@acme.test");
  token = person.token;
  viewer = (await desk.services.sessions.viewerById(person.id)) as UserViewer;
  [companyId = ""] = viewer.roles.keys();
});
afterEach(() => expectWhole());
afterAll(() => desk.close());

describe("a ticket's quota", () => {
  it("is exact when twenty uploads race for the place of the last file", async () => {
    const ticketId = await openTicket();
    await attach(ticketId, ...Array.from({ length: 10 }, () => someFile(100)));
    await attach(ticketId, ...Array.from({ length: 9 }, () => someFile(100)));
    await expectOneWinner(ticketId, { attachmentCount: 19, attachmentBytes: 1_900 });
  });

  it("is exact when twenty uploads race for its last bytes", async () => {
    const ticketId = await openTicket();
    const taken = MEGABYTES * 1024 ** 2 - LARGE - 100;
    await attach(ticketId, someFile(taken));
    await expectOneWinner(ticketId, { attachmentCount: 1, attachmentBytes: taken });
  });

  /** Half of them upload to the ticket, half to new replies of it: the quota is one. */
  async function expectOneWinner(ticketId: string, before: Counts) {
    const posts = Array.from({ length: 20 }, (_, n) => {
      const files = [someFile(LARGE)];
      return n % 2
        ? holdPost<object>(desk.url, {
            query: UploadTicketAttachmentsDocument,
            input: { ticketId },
            files,
            token,
          })
        : holdPost<object>(desk.url, {
            query: AddReplyDocument,
            input: { ticketId, body: `Reply ${n}`, isInternal: false },
            files,
            token,
          });
    });
    await untilReceiving(20);
    const answers = await Promise.all(posts.map((post) => post.finish()));
    const codes = answers.map(codeIn);
    expect(codes.toSorted()).toEqual([...new Array(19).fill("QUOTA_EXCEEDED"), "ok"]);

    const onTicket = codes.indexOf("ok") % 2;
    const { ticket } = await read(ticketId);
    expect(ticket).toMatchObject({
      attachmentCount: before.attachmentCount + onTicket,
      attachmentBytes: before.attachmentBytes + onTicket * LARGE,
      replies: { totalCount: 1 - onTicket },
    });
  }
});

describe("equal bytes", () => {
  it("are one blob and one object when fifty uploads bring them at once", async () => {
    const files = [someFile(LARGE)];
    const ticketIds = await Promise.all(Array.from({ length: 5 }, openTicket));
    const posts = Array.from({ length: 50 }, (_, n) =>
      holdPost<object>(desk.url, {
        query: UploadTicketAttachmentsDocument,
        input: { ticketId: ticketIds[n % 5] },
        files,
        token,
      }),
    );
    await untilReceiving(50);
    const answers = await Promise.all(posts.map((post) => post.finish()));
    expect(answers.map(codeIn)).toEqual(new Array(50).fill("ok"));
    const rows = await desk.database.sql`
      select count(distinct b.id)::int as blobs, count(f.id)::int as files
      from blobs b join media_files f on f.blob_id = b.id where b.sha256 = ${sha256(files[0]!.bytes)}`;
    // That there is one object on the disk follows from the check after each test: none is without a row.
    expect([...rows]).toEqual([{ blobs: 1, files: 50 }]);
  });

  it("are never half there when deletion and purge race two uploads of them, 200 times", async () => {
    await dawdle();
    const { attachmentDeletions, uploads } = desk.services;
    const file = someFile(2_000);
    const ticketId = await openTicket();
    let living = await attach(ticketId, file);
    let removalMs = 20;
    const upload = async (delay: number) => {
      await pass(delay);
      return uploads.uploadToTicket(viewer, { ticketId, description: null }, incoming(file));
    };
    const removeLiving = async () => {
      const startedAt = performance.now();
      for (const id of living) await attachmentDeletions.deleteAttachment(viewer, id);
      await purge();
      removalMs = performance.now() - startedAt;
    };
    const blobs = new Set<string>();
    for (let round = 0; round < 200; round++) {
      // From well before the purge to after it, whatever the machine's speed.
      const delay = ((round % 20) / 18) * removalMs;
      const [first, second] = await Promise.all([upload(delay), upload(delay + (round % 3)), removeLiving()]);
      living = [...first, ...second].map(({ id }) => id);
      await expectWhole({ quickly: true });
      blobs.add(await blobOf(file));
    }
    // Neither the uploads nor the purge won every time.
    expect(blobs.size).toBeGreaterThan(20);
    expect(blobs.size).toBeLessThan(180);
  });

  async function blobOf({ bytes }: NamedBytes): Promise<string> {
    const [row] = await desk.database.sql`select id from blobs where sha256 = ${sha256(bytes)}`;
    return row!.id;
  }
});

describe("deletion and restoration", () => {
  it("leave the counters exact when they race 200 times", async () => {
    const { attachmentDeletions } = desk.services;
    const ticketId = await openTicket();
    const [id = ""] = await attach(ticketId, someFile(500));
    for (let round = 0; round < 200; round++) {
      const outcomes = await Promise.allSettled(
        [0, 1, 2, 3].map(async (n) => {
          for (let turns = (round * (n + 1)) % 7; turns > 0; turns--) await turn();
          return n % 2
            ? attachmentDeletions.restoreAttachment(viewer, id)
            : attachmentDeletions.deleteAttachment(viewer, id);
        }),
      );
      expect(codesOf(outcomes).filter((code) => code !== "ok" && code !== "GONE")).toEqual([]);
      await expectWhole({ quickly: true });
    }
  });

  it("keep a file whole or give it up when a restoration races the purge, 100 times", async () => {
    const { attachmentDeletions } = desk.services;
    const ticketId = await openTicket();
    for (let round = 0; round < 100; round++) {
      const [id = ""] = await attach(ticketId, someFile(500));
      await attachmentDeletions.deleteAttachment(viewer, id);
      const outcomes = await Promise.allSettled([
        pass(round % 6).then(() => attachmentDeletions.restoreAttachment(viewer, id)),
        purge(),
      ]);
      const [code] = codesOf(outcomes);
      expect(["ok", "GONE", "NOT_FOUND"]).toContain(code);
      const found = await desk.database.sql`select from attachments where id = ${id} and deleted_at is null`;
      expect(found).toHaveLength(code === "ok" ? 1 : 0);
      await expectWhole({ quickly: true });
      if (code === "ok") await attachmentDeletions.deleteAttachment(viewer, id);
    }
  });
});

describe("an upload that does not succeed", () => {
  it("leaves nothing when its client goes away in the middle, not even its place in the queue", async () => {
    const ticketId = await openTicket();
    const before = await footprint();
    // As many at once as a person may have.
    const posts = Array.from({ length: 50 }, () => holdUpload(ticketId, [someFile(LARGE), someFile(LARGE)]));
    await untilReceiving(100);
    const refused = await postFiles(desk.url, {
      query: UploadTicketAttachmentsDocument,
      input: { ticketId },
      files: [someFile(10)],
      token,
    });
    expect(codeIn(refused)).toBe("RATE_LIMITED");

    for (const post of posts) post.abort();
    await untilReceiving(0);
    expect(await footprint()).toEqual(before);
    const again = Array.from({ length: 50 }, () => holdUpload(ticketId, [someFile(LARGE)]));
    await untilReceiving(50);
    for (const post of again) post.abort();
    await untilReceiving(0);
  });

  it("is refused as a whole for its second file, which the error names", async () => {
    const ticketId = await openTicket();
    const before = await footprint();
    const answer = await postFiles(desk.url, {
      query: UploadTicketAttachmentsDocument,
      input: { ticketId },
      files: [
        someFile(LARGE),
        { name: "setup.pdf", bytes: Buffer.from(`MZ${"\0".repeat(5_000)}`, "latin1") },
        someFile(LARGE),
      ],
      token,
    });
    expect(answer.data).toEqual({ uploadTicketAttachments: null });
    expect(answer.errors?.[0]).toMatchObject({
      message: expect.stringContaining("setup.pdf"),
      extensions: { index: 1, fileName: "setup.pdf", status: 415 },
    });
    expect(await footprint()).toEqual(before);
  });

  const holdUpload = (ticketId: string, files: readonly NamedBytes[]) =>
    holdPost<object>(desk.url, { query: UploadTicketAttachmentsDocument, input: { ticketId }, files, token });

  /** What an upload could leave: rows, files, and descriptors of files (on Linux, where they can be seen). */
  async function footprint() {
    const [rows] = await desk.database.sql`
      select (select count(*) from blobs) as blobs, (select count(*) from media_files) as files,
        (select count(*) from attachments) as attachments, (select count(*) from audit_log) as audit`;
    return {
      rows,
      onDisk: await readdir(join(desk.dataFolder, "files"), { recursive: true }),
      open: await openFiles(),
    };
  }
});

interface Counts {
  readonly attachmentCount: number;
  readonly attachmentBytes: number;
}

/** Rows, bytes and counters fit together. */
async function expectWhole(options?: { quickly: boolean }): Promise<void> {
  expect(await brokenPromises(desk.database.sql, desk.dataFolder, options)).toEqual([]);
  expect(await strayFiles(desk.database.sql, desk.dataFolder)).toEqual([]);
}

const someFile = (size: number): NamedBytes => ({
  name: "log.txt",
  bytes: Buffer.from(randomBytes(Math.ceil(size / 2)).toString("hex")).subarray(0, size),
});

async function openTicket(): Promise<string> {
  const input = { companyId, subject: "Lamp", description: "", priority: "NORMAL" as const };
  const { data } = await desk.gql(CreateTicketDocument, { input }, token);
  return data!.createTicket.id;
}

async function read(id: string) {
  const { data } = await desk.gql(TicketDocument, { id }, token);
  return data!;
}

/** @returns the attachments' ids */
async function attach(ticketId: string, ...files: NamedBytes[]): Promise<string[]> {
  const document = UploadTicketAttachmentsDocument;
  const { data } = await postFiles(desk.url, { query: document, input: { ticketId }, files, token });
  return data!.uploadTicketAttachments.map(({ id }) => id);
}

/** Gives rivals time: between claiming a blob and pointing at it, and between removing its row and its bytes. */
async function dawdle(): Promise<void> {
  await query(
    desk.ownerUrl,
    `create function dawdle() returns trigger language plpgsql as
      $$ begin perform pg_sleep(random() * 0.01); return new; end $$;
    create trigger dawdle before insert on media_files execute function dawdle();`,
  );
  const { trash } = desk.services.storage;
  const remove = trash.put;
  jest.spyOn(trash, "put").mockImplementation(async (keys) => {
    await pass(Math.random() * 10);
    await remove(keys);
  });
}

/** As the recurring task does it, for all that is deleted by now. */
async function purge(): Promise<void> {
  const deletedBefore = new Date(Date.now() + 60_000);
  await desk.services.attachmentDeletions.purgeDeleted(deletedBefore);
  await purgeDeletedFiles(desk, deletedBefore);
}

/** Resolves when so many files are on their way in: past every check that comes before their bytes. */
async function untilReceiving(count: number): Promise<void> {
  const tempFolder = join(desk.dataFolder, "files", ".tmp");
  while ((await filesUnder(tempFolder)).length !== count || (count === 0 && (await openFiles()).length > 0))
    await pass(10);
}

/** What this process has open below the data folder, where the system tells. */
async function openFiles(): Promise<string[]> {
  const descriptors = await readdir("/proc/self/fd").catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((target) => target.startsWith(desk.dataFolder));
}

/** The code of each failure; a fault that nobody expected is thrown. */
const codesOf = (outcomes: readonly PromiseSettledResult<unknown>[]): string[] =>
  outcomes.map((outcome) => {
    if (outcome.status === "fulfilled") return "ok";
    const { code, status } = outcome.reason as { code?: string; status?: number };
    if (code === undefined || status === undefined) throw outcome.reason;
    return code;
  });
