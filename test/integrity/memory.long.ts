import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import { CreateTicketDocument, SignInDocument } from "../support/generated/operations.js";
import { makeZip } from "../support/make-zip.js";
import type { NamedBytes } from "../support/post-files.js";
import { postFiles, postParts } from "../support/post-files.js";
import { present } from "../support/present.js";
import type { ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import type { GraphQLAnswer } from "../support/test-client.js";
import { codeIn, postGraphQL } from "../support/test-client.js";

const MB = 1_000_000;
const REPETITIONS = 5;

/** Linux tells a process's peak (`VmHWM`), and forgets it when asked to: proc(5). */
const describeWherePeaksAreTold = present("/proc/self/clear_refs", canSeePeaks()) ? describe : describe.skip;

describeWherePeaksAreTold("the server's memory", () => {
  let database: TestDatabase;
  let dataFolder: string;
  let server: ServerProcess;
  let token: string;
  let companyId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataFolder = await mkdtemp(join(tmpdir(), "filedesk-memory-"));
    server = await startServerProcess({
      DATABASE_URL: database.url,
      FILEDESK_DATA: dataFolder,
      UPLOADS_PER_MINUTE: "1000",
      UPLOAD_FILES_PER_MINUTE: "1000",
      // What renderings take is not what streams take.
      WORKER: "off",
    });
    const input = { email: "customer@acme.test", password: "filedesk-demo" };
    const { data } = await postGraphQL(server.url, SignInDocument, { input });
    token = data!.signIn.accessToken;
    companyId = data!.signIn.viewer.memberships[0]!.company.id;
  });
  afterAll(async () => {
    await server.kill();
    await database.drop();
    await rm(dataFolder, { recursive: true });
  });

  it.each([
    ["an archive", (bytes: number) => postOne(archiveOf(bytes))],
    ["a text, which is read to its end", (bytes: number) => postOne(textOf(bytes))],
    [
      "a text that is sent before the one that is read first",
      (bytes: number) => postBeforeAnother(textOf(bytes)),
    ],
  ])("grows by less than 32 MB more for 45 MB than for 1 MB of %s", async (_kind, post) => {
    await peaksOf(() => post(MB), 3); // the server warms up
    const small = await peaksOf(() => post(MB), REPETITIONS);
    const large = await peaksOf(() => post(45 * MB), REPETITIONS);
    // Whoever keeps a whole file does so each time; what a busy machine collects late, it does not.
    expect(median(large) - median(small)).toBeLessThan(32 * MB);
  });

  /** The server's highest memory during each of several uploads, in bytes. */
  async function peaksOf(post: () => Promise<GraphQLAnswer<unknown>>, times: number): Promise<number[]> {
    const peaks: number[] = [];
    for (let n = 0; n < times; n++) {
      await writeFile(`/proc/${server.pid}/clear_refs`, "5");
      expect(codeIn(await post())).toBe("ok");
      peaks.push(await peakOf(server.pid));
    }
    return peaks;
  }

  function postOne(file: NamedBytes) {
    const input = { companyId, subject: "Logs", description: "", priority: "LOW" };
    return postFiles(server.url, { query: CreateTicketDocument, input, files: [file], token });
  }

  function postBeforeAnother(file: NamedBytes) {
    const ticket = (files: string) =>
      `createTicket(input: { companyId: $companyId, subject: "Logs", files: [${files}] }) { id }`;
    return postParts<unknown>(server.url, {
      query: `mutation ($companyId: ID!, $late: Upload!, $first: Upload!) { a: ${ticket("$first")} b: ${ticket("$late")} }`,
      variables: { companyId, late: null, first: null },
      map: { "0": ["variables.late"], "1": ["variables.first"] },
      files: [file, textOf(1_000)],
      token,
    });
  }
});

const archiveOf = (size: number): NamedBytes => ({
  name: "logs.zip",
  bytes: makeZip([{ name: "log", content: randomBytes(size), stored: true }]),
});

const textOf = (size: number): NamedBytes => ({
  name: "log.txt",
  bytes: Buffer.from(randomBytes(size / 2).toString("hex")),
});

async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

function canSeePeaks(): boolean {
  try {
    accessSync("/proc/self/clear_refs", constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
