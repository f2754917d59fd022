import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createTestDatabase, query } from "./database.js";
import { UNLIMITED } from "./desk-traffic.js";
import { CreateTicketDocument, SignInDocument } from "./generated/operations.js";
import { postFiles, sha256 } from "./post-files.js";
import { makeBucket } from "./s3-gateway.js";
import type { Environment, ServerProcess } from "./server-process.js";
import { startServerProcess } from "./server-process.js";
import { bearer, codeIn, postGraphQL } from "./test-client.js";

export type StorageKind = "local" | "s3";

/** A desk of processes, whose files are in a folder or in a bucket; or the place for one. */
export interface DrilledDesk {
  readonly environment: Environment;
  readonly dataFolder: string;
  readonly sql: postgres.Sql;
  start(more?: Environment): Promise<ServerProcess>;
  close(): Promise<void>;
}

/** @param isEmpty whether its database has no tables */
export async function openDrilledDesk(
  kind: StorageKind,
  { isEmpty = false }: { readonly isEmpty?: boolean } = {},
): Promise<DrilledDesk> {
  const root = await mkdtemp(join(tmpdir(), "filedesk-drill-"));
  const database = await createTestDatabase();
  // The template is an installation already: this becomes one of its own, or none.
  const empty =
    "drop schema public cascade; drop schema if exists drizzle, pgboss cascade; create schema public";
  await query(database.url, isEmpty ? empty : "delete from installation");
  const dataFolder = join(root, "data");
  const environment = {
    NODE_ENV: "test",
    WORKER: "off",
    DATABASE_URL: database.url,
    FILEDESK_DATA: dataFolder,
    ...(kind === "s3" ? (await makeBucket()).env : {}),
    ...UNLIMITED,
  };
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  const servers = new Set<ServerProcess>();
  return {
    environment,
    dataFolder,
    sql,
    async start(more = {}) {
      const server = await startServerProcess({ ...environment, ...more });
      servers.add(server);
      return server;
    },
    async close() {
      for (const server of servers) await server.kill();
      await sql.end();
      await database.drop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export interface SignedInAgent {
  readonly token: string;
  readonly companyId: string;
}

export async function signIn(url: string, email = "manager@acme.test"): Promise<SignedInAgent> {
  const input = { email, password: "filedesk-demo" };
  const { data, errors } = await postGraphQL(url, SignInDocument, { input });
  if (!data) throw new Error(`${email} cannot sign in: ${JSON.stringify(errors)}`);
  const { accessToken: token, viewer } = data.signIn;
  return { token, companyId: viewer.memberships[0]!.company.id };
}

export interface OpenedTicket {
  readonly id: string;
  /** Hashes by attachment. */
  readonly files: ReadonlyMap<string, string>;
}

/** A ticket with so many files of text. */
export async function openTicket(
  url: string,
  { token, companyId }: SignedInAgent,
  count: number,
): Promise<OpenedTicket> {
  const files = Array.from({ length: count }, (_, n) => ({
    name: `${n}.txt`,
    bytes: Buffer.from(randomBytes(10_000).toString("hex")),
  }));
  const input = { companyId, subject: "Drill", description: "" };
  const answer = await postFiles(url, { query: CreateTicketDocument, input, files, token });
  if (codeIn(answer) !== "ok") throw new Error(`a ticket is refused: ${JSON.stringify(answer.errors)}`);
  const { id, attachments } = answer.data!.createTicket;
  const hashes = attachments.nodes.map(
    (node) => [node.id, sha256(files.find(({ name }) => name === node.fileName)!.bytes)] as const,
  );
  return { id, files: new Map(hashes) };
}

/** Downloads these attachments. @returns what is wrong with them */
export async function wrongDownloads(
  url: string,
  token: string,
  files: Iterable<readonly [id: string, sha256: string]>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [id, hash] of files) {
    const response = await fetch(`${url}/attachments/${id}/file`, { headers: bearer(token) });
    const found = sha256(Buffer.from(await response.arrayBuffer()));
    if (response.status !== 200 || found !== hash) wrong.push(`${id}: ${response.status} ${found}`);
  }
  return wrong;
}
