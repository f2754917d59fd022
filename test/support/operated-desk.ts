import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { clockAhead } from "./clock-ahead.js";
import type { CommandEnding } from "./command-process.js";
import { runCommand } from "./command-process.js";
import { createTestDatabase, query } from "./database.js";
import { CreateTicketDocument, SignInDocument } from "./generated/operations.js";
import { filesUnder } from "./inventory.js";
import type { Environment, ServerProcess } from "./server-process.js";
import { startServerProcess, startWorkerProcess } from "./server-process.js";
import { postGraphQL } from "./test-client.js";

/** A desk as an operator sees it: the URL of a database, and a data folder. */
export interface OperatedDesk {
  readonly database: string;
  readonly data: string;
}

export const MARK = ".filedesk-installation";

/** Desks with the demo's files, and what may be confused with them; all of it goes with `close`. */
export async function openDesks() {
  const root = await mkdtemp(join(tmpdir(), "filedesk-desks-"));
  const closers: (() => Promise<unknown>)[] = [
    () => rm(root, { recursive: true, force: true, maxRetries: 20 }),
  ];

  async function newDatabase(template?: "filedesk_demo_template"): Promise<string> {
    const database = await createTestDatabase(template);
    closers.push(() => database.drop());
    return database.url;
  }

  async function start(desk: OperatedDesk): Promise<ServerProcess> {
    const server = await startServerProcess(environmentOf(desk));
    closers.push(() => server.kill());
    return server;
  }

  return {
    root,
    start,
    /** An installation of its own, which has run. */
    async newDesk(name: string): Promise<OperatedDesk> {
      const desk = { database: await newDatabase("filedesk_demo_template"), data: join(root, name) };
      await cp(process.env.TEST_DEMO_FOLDER ?? "", desk.data, { recursive: true });
      // The templates are one installation: each desk becomes one of its own.
      await query(desk.database, "delete from installation");
      await rm(join(desk.data, "files", MARK), { force: true });
      await (await start(desk)).stop();
      // Nothing comes to the files beside what a test does.
      await query(
        desk.database,
        `delete from pgboss.job where name = 'render-variants';
         update media_files set variants_status = 'NOT_APPLICABLE' where variants_status = 'PENDING'`,
      );
      return desk;
    },
    /** A database without tables. */
    async emptyDatabase(): Promise<string> {
      const url = await newDatabase();
      await query(
        url,
        "drop schema public cascade; drop schema if exists drizzle, pgboss cascade; create schema public",
      );
      return url;
    },
    /** Runs the scheduled sweep of a worker to which all files are old enough. @returns its line in the log */
    async scheduledSweep(desk: OperatedDesk): Promise<string> {
      const worker = await startWorkerProcess({
        ...environmentOf(desk),
        LOG_LEVEL: "info",
        NODE_OPTIONS: clockAhead({ hours: 24 }),
      });
      closers.push(() => worker.kill());
      // One that falls due at this moment is as good.
      await query(
        desk.database,
        `insert into pgboss.job (name, data, policy) values ('sweep-storage', '{}', 'exclusive') on conflict do nothing`,
      );
      const line = () =>
        worker
          .output()
          .split("\n")
          .find((text) => /"job":"sweep-storage"/.test(text));
      while (!line()) await pass(50);
      await worker.stop();
      return line() ?? "";
    },
    async close() {
      for (const closer of closers.splice(0).reverse()) await closer();
    },
  };
}

export const environmentOf = ({ database, data }: OperatedDesk): Environment => ({
  NODE_ENV: "test",
  DEMO_DATA: "false",
  WORKER: "off",
  DATABASE_URL: database,
  FILEDESK_DATA: data,
});

/** A command to which all files are old enough to be swept. */
export const filedesk = (args: readonly string[], desk: OperatedDesk): Promise<CommandEnding> =>
  runCommand(args, { ...environmentOf(desk), NODE_OPTIONS: clockAhead({ hours: 24 }) });

/** Hash of each file, those in the trash too, by path; the mark left out, which tells of every start. */
export async function inventory({ data }: OperatedDesk): Promise<Record<string, string>> {
  const files = join(data, "files");
  const paths = (await filesUnder(files)).filter((path) => path !== MARK);
  const hashes = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(join(files, path));
      return [path, createHash("sha256").update(bytes).digest("hex")] as const;
    }),
  );
  return Object.fromEntries(hashes);
}

/** A ticket with a file whose content is new each time. */
export async function newTicketWithFile({ url }: ServerProcess) {
  const input = { email: "customer@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(url, SignInDocument, { input });
  const { accessToken: token, viewer } = data!.signIn;
  const { id: companyId } = viewer.memberships[0]!.company;
  return {
    query: CreateTicketDocument,
    input: { companyId, subject: "Lamp", description: "" },
    files: [{ name: "log.txt", bytes: Buffer.from(`uploaded at ${Date.now()} ${Math.random()}`) }],
    token,
  };
}
