import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createTestDatabase } from "../support/database.js";
import type { CreateTicketMutation } from "../support/generated/operations.js";
import { CreateTicketDocument, SignInDocument } from "../support/generated/operations.js";
import { filesUnder } from "../support/inventory.js";
import { holdPost, postFiles, sha256 } from "../support/post-files.js";
import type { Environment, ServerProcess } from "../support/server-process.js";
import { runToItsEnd, startServerProcess, startWorkerProcess } from "../support/server-process.js";
import { bearer, codeIn, postGraphQL } from "../support/test-client.js";

/** More than is kept in memory before the first write to a temp file. */
const bytes = Buffer.from(randomBytes(200_000).toString("hex"));

const cleanUps: (() => Promise<unknown>)[] = [];
let dataFolder: string;

describe("data folder", () => {
  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), "filedesk-data-"));
    cleanUps.push(() => rm(dataFolder, { recursive: true, maxRetries: 20 }));
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  describe("a data folder", () => {
    it("has one server on its embedded database: a second one refuses to start and says which process is in the way", async () => {
      const server = await start();
      const { code, output } = await runToItsEnd({ FILEDESK_DATA: dataFolder });
      expect(code).toBe(1);
      expect(output).toMatch(
        `Another Filedesk server (process ${server.pid}) uses the data folder ${dataFolder}. Stop it first`,
      );
      expect(output.trim().split("\n")).toHaveLength(1);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    });

    it("keeps everything from one start to the next", async () => {
      const first = await start();
      const { token, request } = await signIn(first);
      const id = attachmentIn(await postFiles(first.url, request));
      expect(await first.stop()).toMatchObject({ code: 0, signal: null });

      const second = await start();
      // The token is good as well: the secrets that were generated at the first start are there.
      expect(await downloadedHash(second, id, token)).toBe(sha256(bytes));
    });
  });

  describe("a server whose embedded Postgres is killed", () => {
    it("says so in one line, ends with a code that makes a supervisor start it, and has everything at the next start", async () => {
      const server = await start({ LOG_LEVEL: "fatal", WORKER: "on" });
      const { token, request } = await signIn(server);
      const id = attachmentIn(await postFiles(server.url, request));
      // A connection that stays open keeps nobody.
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      const before = server.output();
      process.kill(await postmasterPid(), "SIGKILL");
      const { code, output } = await server.ended;
      expect(code).toBe(1);
      const lines = output.slice(before.length).trim().split("\n");
      expect(lines).toEqual([
        expect.stringContaining("its embedded Postgres has ended (SIGKILL); start it again"),
      ]);
      expect(await downloadedHash(await start(), id, token)).toBe(sha256(bytes));
    });

    it("ends while an upload is under way, and so does a worker that shared its database", async () => {
      const server = await start({ LOG_LEVEL: "fatal" });
      const { request } = await signIn(server);
      const upload = holdPost(server.url, request);
      await untilReceiving();
      const worker = await startWorkerProcess({ FILEDESK_DATA: dataFolder, LOG_LEVEL: "fatal" });
      cleanUps.push(() => worker.kill());
      process.kill(await postmasterPid(), "SIGKILL");
      const [first, second] = await Promise.all([server.ended, worker.ended]);
      upload.abort();
      expect([first.code, second.code]).toEqual([1, 1]);
      expect(second.output).toContain(
        "the worker stops, because the server that runs its database has stopped",
      );
    });
  });

  describe("a server that is told to stop", () => {
    it("lets an upload in flight finish, keeps it, and then exits with 0", async () => {
      const environment = await withDatabase();
      const server = await start(environment);
      const { token, request } = await signIn(server);
      const upload = holdPost(server.url, request);
      await untilReceiving();
      server.signal("SIGTERM");
      await untilClosedToOthers(server);
      const id = attachmentIn(await upload.finish());
      expect(await server.ended).toMatchObject({ code: 0, signal: null });
      expect(await filesUnder(join(dataFolder, "files", ".tmp"))).toEqual([]);
      expect(await downloadedHash(await start(environment), id, token)).toBe(sha256(bytes));
    });

    it("does not wait longer than it is told to, and the next start clears away what was under way", async () => {
      const environment = { ...(await withDatabase()), SHUTDOWN_SECONDS: "1" };
      const server = await start(environment);
      const upload = holdPost(server.url, (await signIn(server)).request);
      await untilReceiving();
      expect((await server.stop()).code).toBe(0);
      upload.abort();
      await start(environment);
      expect(await filesUnder(join(dataFolder, "files", ".tmp"))).toEqual([]);
    });
  });

  describe("a server in production", () => {
    it("names every setting that is missing at once, and starts nothing", async () => {
      const { code, output } = await runToItsEnd({ NODE_ENV: "production", FILEDESK_DATA: dataFolder });
      expect(code).toBe(1);
      for (const name of ["DATABASE_URL", "AUTH_SECRET", "URL_SIGNING_KEYS"])
        expect(output).toMatch(new RegExp(`^ {2}- ${name}: is missing; set it.*, or allow`, "m"));
      expect(await filesUnder(dataFolder)).toEqual([]);
    });

    it("names every setting that is wrong at once", async () => {
      const wrong = { PORT: "http", LOG_LEVEL: "loud", TICKET_FILES: "-1", AUTH_SECRET: "short" };
      const { code, output } = await runToItsEnd({
        ...wrong,
        NODE_ENV: "production",
        FILEDESK_DATA: dataFolder,
      });
      expect(code).toBe(1);
      for (const name of Object.keys(wrong))
        expect(output).toMatch(new RegExp(`^ {2}- ${name}: .*for example ${name}=`, "m"));
    });

    it("takes generated secrets when they are asked for by name, and has no demo data unless that is", async () => {
      const server = await start({
        ...(await withDatabase()),
        NODE_ENV: "production",
        EMBEDDED_SECRETS: "true",
      });
      const input = { email: "customer@acme.test", password: "filedesk-demo" };
      expect(codeIn(await postGraphQL(server.url, SignInDocument, { input }))).toBe("UNAUTHENTICATED");
    });
  });
});

async function withDatabase(): Promise<Environment> {
  const database = await createTestDatabase();
  cleanUps.push(() => database.drop());
  return { DATABASE_URL: database.url };
}

const postmasterPid = async (): Promise<number> =>
  Number.parseInt(await readFile(join(dataFolder, "postgres/cluster/postmaster.pid"), "utf8"), 10);

async function start(environment: Environment = {}): Promise<ServerProcess> {
  // A temp file is the sign of an upload: nothing else may make one.
  const server = await startServerProcess({ WORKER: "off", ...environment, FILEDESK_DATA: dataFolder });
  cleanUps.push(() => server.kill());
  return server;
}

/** A customer, and an upload of theirs. */
async function signIn({ url }: ServerProcess) {
  const input = { email: "customer@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(url, SignInDocument, { input });
  const { accessToken: token, viewer } = data!.signIn;
  const { id: companyId } = viewer.memberships[0]!.company;
  const request = {
    query: CreateTicketDocument,
    input: { companyId, subject: "Lamp", description: "" },
    files: [{ name: "log.txt", bytes }],
    token,
  };
  return { token, request };
}

const attachmentIn = ({ data }: { data?: CreateTicketMutation | null }): string =>
  data!.createTicket.attachments.nodes[0]!.id;

async function downloadedHash({ url }: ServerProcess, id: string, token: string): Promise<string> {
  const response = await fetch(`${url}/attachments/${id}/log.txt`, { headers: bearer(token) });
  return sha256(Buffer.from(await response.arrayBuffer()));
}

async function untilReceiving(): Promise<void> {
  while ((await filesUnder(join(dataFolder, "files", ".tmp"))).length === 0) await pass(10);
}

/** The signal has been heard once nobody new is let in. */
async function untilClosedToOthers({ url }: ServerProcess): Promise<void> {
  const isOpen = () =>
    fetch(`${url}/healthz`, { headers: { connection: "close" } }).then(
      ({ ok }) => ok,
      () => false,
    );
  while (await isOpen()) await pass(10);
}
