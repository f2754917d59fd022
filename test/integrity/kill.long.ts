import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { sweepStorage } from "../../src/modules/media/upkeep/sweep.js";
import { connectDatabase } from "../../src/platform/database/client.js";
import { startEmbeddedPostgres } from "../../src/platform/database/embedded/embedded-postgres.js";
import { createLocalStorage } from "../../src/platform/storage/local.js";
import { createTestDatabase } from "../support/database.js";
import {
  AddReplyDocument,
  CancelUploadDocument,
  CreateTicketDocument,
  DeleteAttachmentDocument,
  SendMessageDocument,
  SignInDocument,
  StagedUploadsDocument,
  StartConversationDocument,
  UploadTicketAttachmentsDocument,
} from "../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { makeZip } from "../support/make-zip.js";
import type { FilesRequest, NamedBytes } from "../support/post-files.js";
import { postFiles, sha256 } from "../support/post-files.js";
import { createRandom } from "../support/random.js";
import type { Environment, ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { patchBytes, startUpload } from "../support/staged-uploads.js";
import { sweepRules } from "../support/sweep-rules.js";
import { bearer, isCutOff, postGraphQL } from "../support/test-client.js";

/** Set it to the one of a run that failed, to kill and upload in the same order again. */
const SEED = Number(process.env.KILL_SEED ?? randomBytes(4).readUInt32LE());
const AT_ONCE = 8;
/** A kill comes after so many answers at most, and so many milliseconds. */
const MOST_ANSWERS = 16;
const LONGEST_MS = 60;

const LIMITS: Environment = {
  UPLOADS_PER_MINUTE: "1000000",
  UPLOAD_FILES_PER_MINUTE: "1000000",
  UPLOADS_AT_ONCE: "1000",
  DOWNLOADS_PER_MINUTE: "1000000",
  TICKET_FILES: "1000000",
  TICKET_MEGABYTES: "1000000",
  STAGED_UPLOADS: "1000000",
};

interface Kept {
  readonly id: string;
  readonly sha256: string;
}

/** What clients have been told. What they were not told may have happened or not. */
interface Told {
  readonly kept: Kept[];
  /** Requests that a kill left without an answer. */
  cutOff: number;
}

interface Desk {
  readonly url: string;
  readonly token: string;
  readonly companyId: string;
  readonly ticketIds: readonly string[];
  readonly conversationId: string;
}

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe(`a server that is killed (KILL_SEED=${SEED})`, () => {
  it("has kept every acknowledged upload after 100 kills at random instants, with all ways in at work", async () => {
    // Two desks side by side: one is killed while the other starts.
    const runs = await Promise.all(
      [SEED, SEED + 1].map(async (seed) => {
        const database = await createTestDatabase();
        cleanUps.push(() => database.drop());
        return killRepeatedly({ times: 50, seed, environment: { DATABASE_URL: database.url } });
      }),
    );
    expect(runs.reduce((sum, { kept }) => sum + kept.length, 0)).toBeGreaterThan(100);
    expect(runs.reduce((sum, { cutOff }) => sum + cutOff, 0)).toBeGreaterThan(100);
  });

  it("has kept them as well when the embedded database dies with it, five times", async () => {
    const told = await killRepeatedly({ times: 5, seed: SEED, environment: {} });
    expect(told.kept.length).toBeGreaterThan(10);
    expect(told.cutOff).toBeGreaterThan(10);
  });
});

interface Kills {
  readonly times: number;
  readonly seed: number;
  readonly environment: Environment;
}

async function killRepeatedly({ times, seed, environment }: Kills): Promise<Told> {
  const dataFolder = await mkdtemp(join(tmpdir(), "filedesk-kill-"));
  cleanUps.push(() => rm(dataFolder, { recursive: true, force: true }));
  const start = async (more: Environment = {}) => {
    const server = await startServerProcess({
      ...LIMITS,
      ...environment,
      FILEDESK_DATA: dataFolder,
      ...more,
    });
    cleanUps.push(() => server.kill());
    return server;
  };
  const random = createRandom(seed);
  const told: Told = { kept: [], cutOff: 0 };
  let server = await start();
  const desk = await prepare(server.url);
  for (let round = 0; round < times; round++) {
    const answers = new EventEmitter();
    const uploads = uploadUntilCutOff({ ...desk, url: server.url }, { random, told, answers });
    for (let left = Math.floor(random() * (MOST_ANSWERS + 1)); left > 0; left--)
      await Promise.race([once(answers, "answer"), endedByItself(server)]);
    await pass(random() * LONGEST_MS);
    await server.kill();
    await uploads;
    server = await start({ DEMO_DATA: "false" });
  }
  // What a kill has harmed no later start mends: once at the end is as good as after each, and sooner done.
  await expectDownloads({ ...desk, url: server.url }, told.kept);
  await cancelStagedUploads({ ...desk, url: server.url });
  await server.stop();
  await expectWhole(dataFolder, environment.DATABASE_URL);
  return told;
}

async function endedByItself({ ended }: ServerProcess): Promise<never> {
  // Nobody listens any more when it is killed.
  throw new Error(`the server ended by itself: ${(await ended).output}`);
}

/** Signs in and opens tickets that the uploads share. */
async function prepare(url: string): Promise<Omit<Desk, "url">> {
  const input = { email: "agent@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(url, SignInDocument, { input });
  const { accessToken: token, viewer } = data!.signIn;
  const companyId = viewer.memberships[0]!.company.id;
  const ticketIds: string[] = [];
  for (const subject of ["Lamp", "Heating", "Door"]) {
    const ticket = { companyId, subject, description: "", priority: "NORMAL" as const };
    const opened = await postGraphQL(url, CreateTicketDocument, { input: ticket }, token);
    ticketIds.push(opened.data!.createTicket.id);
  }
  const started = await postGraphQL(url, StartConversationDocument, { input: { companyId } }, token);
  return { token, companyId, ticketIds, conversationId: started.data!.startConversation.id };
}

interface Uploads {
  readonly random: () => number;
  readonly told: Told;
  /** Emits "answer" with each. */
  readonly answers: EventEmitter;
}

/** Uploads side by side until the server is gone, and notes what it has acknowledged. */
async function uploadUntilCutOff(desk: Desk, { random, told, answers }: Uploads): Promise<void> {
  const uploadOn = async () => {
    for (;;) {
      try {
        told.kept.push(...(await someRequest(desk, random, told)));
        answers.emit("answer");
      } catch (error) {
        // Every answer that comes is a good one; only a connection that broke ends this.
        if (!isCutOff(error)) return void answers.emit("error", error);
        told.cutOff += 1;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, uploadOn));
}

/** @returns the files that the answer acknowledges */
async function someRequest(desk: Desk, random: () => number, told: Told): Promise<Kept[]> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const files = Array.from({ length: Math.floor(random() ** 2 * 4) + 1 }, () => someFile(random));
  const ticketId = pick(desk.ticketIds);
  const send = async <Data>(query: FilesRequest<Data>["query"], input: object) => {
    const { data, errors } = await postFiles(desk.url, { query, input, files, token: desk.token });
    if (errors || !data) throw new Error(`refused: ${JSON.stringify(errors)}`);
    return data;
  };
  const acknowledged = (attachments: readonly { id: string; fileName: string }[]): Kept[] =>
    attachments.map(({ id }, n) => ({ id, sha256: sha256(files[n]!.bytes) }));
  const choice = random();
  if (choice >= 0.6) return acknowledged(await someOtherWay(desk, { files, ticketId }));
  if (choice < 0.1 && told.kept.length > 0) {
    const [{ id }] = told.kept.splice(Math.floor(random() * told.kept.length), 1) as [Kept];
    await postGraphQL(desk.url, DeleteAttachmentDocument, { id }, desk.token);
    return [];
  }
  if (choice < 0.25) {
    const ticket = { companyId: desk.companyId, subject: "Window", description: "", priority: "LOW" };
    return acknowledged((await send(CreateTicketDocument, ticket)).createTicket.attachments.nodes);
  }
  if (choice < 0.4) {
    const reply = { ticketId, body: "See the files.", isInternal: false };
    return acknowledged((await send(AddReplyDocument, reply)).addReply.attachments.nodes);
  }
  return acknowledged((await send(UploadTicketAttachmentsDocument, { ticketId })).uploadTicketAttachments);
}

/** A message with files, or uploads that are staged in two pieces first and then attached or kept in the library. */
async function someOtherWay(
  desk: Desk,
  { files, ticketId }: { files: readonly NamedBytes[]; ticketId: string },
): Promise<readonly { id: string; fileName: string }[]> {
  const { url, token, conversationId } = desk;
  // Messages take no archives.
  if (files.every(({ name }) => name.endsWith(".txt"))) {
    const input = { conversationId, body: "See the files." };
    const { data, errors } = await postFiles(url, { query: SendMessageDocument, input, files, token });
    if (errors || !data) throw new Error(`refused: ${JSON.stringify(errors)}`);
    return data.sendMessage.attachments.nodes;
  }
  const stagedUploadIds: string[] = [];
  for (const { name, bytes } of files) {
    const target = {
      bucket: "ATTACHMENTS" as const,
      ticketId,
      fileName: name,
      size: bytes.length,
    };
    const upload = await startUpload({ url, token }, target);
    const half = bytes.length >> 1;
    for (const [offset, piece] of [
      [0, bytes.subarray(0, half)],
      [half, bytes.subarray(half)],
    ] as const) {
      const { status, code } = await patchBytes(upload.url, token, piece, { offset });
      if (status !== 204) throw new Error(`refused: ${status} ${code}`);
    }
    stagedUploadIds.push(upload.id);
  }
  const input = { ticketId, stagedUploadIds };
  const { data, errors } = await postGraphQL(url, UploadTicketAttachmentsDocument, { input }, token);
  if (errors || !data) throw new Error(`refused: ${JSON.stringify(errors)}`);
  return data.uploadTicketAttachments;
}

/** Ends the uploads that kills have cut off, as their owner may: nothing of them is left. */
async function cancelStagedUploads({ url, token }: Desk): Promise<void> {
  const { data } = await postGraphQL(url, StagedUploadsDocument, {}, token);
  for (const { id } of data!.stagedUploads) {
    const { errors } = await postGraphQL(url, CancelUploadDocument, { id }, token);
    expect(errors).toBeUndefined();
  }
}

/** Bytes that several uploads share. */
const SHARED = ["a", "b", "c"].map((letter) => Buffer.from(`${letter.repeat(60)}\n`.repeat(4_000)));

/** Text or an archive, of 0.1 KB to 2 MB; every third one with bytes that others send as well. */
function someFile(random: () => number): NamedBytes {
  const kind = random();
  if (kind < 0.33) return { name: "shared.txt", bytes: SHARED[Math.floor(kind * 9)]! };
  const size = Math.ceil(100 * 20_000 ** random());
  if (kind < 0.7) return { name: "log.txt", bytes: Buffer.from(randomBytes(size / 2 + 1).toString("hex")) };
  return { name: "logs.zip", bytes: makeZip([{ name: "log", content: randomBytes(size), stored: true }]) };
}

async function expectDownloads({ url, token }: Desk, kept: readonly Kept[]): Promise<void> {
  for (const { id, sha256: expected } of kept) {
    const response = await fetch(`${url}/attachments/${id}/file`, { headers: bearer(token) });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect({ id, status: response.status, sha256: sha256(bytes) }).toEqual({
      id,
      status: 200,
      sha256: expected,
    });
  }
}

/** No row lacks its bytes, and after the sweep no bytes lack their row. The server has stopped. */
async function expectWhole(dataFolder: string, databaseUrl?: string): Promise<void> {
  const own = databaseUrl
    ? null
    : await startEmbeddedPostgres({ folder: join(dataFolder, "postgres"), log: () => {} });
  const database = connectDatabase(databaseUrl ?? own!.url, { connections: 2 });
  try {
    const { db, sql } = database;
    expect(await brokenPromises(sql, dataFolder)).toEqual([]);
    const strays = await strayFiles(sql, dataFolder);
    const storage = createLocalStorage({ root: join(dataFolder, "files") });
    expect((await sweepStorage({ db, storage }, sweepRules())).removed).toBe(strays.length);
    expect(await strayFiles(sql, dataFolder)).toEqual([]);
    expect(await brokenPromises(sql, dataFolder)).toEqual([]);
  } finally {
    await database.close();
    await own?.stop();
  }
}
