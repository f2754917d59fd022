import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { createTestDatabase } from "./database.js";
import { JoinAsGuestDocument, SignInDocument } from "./generated/operations.js";
import type { ServerProcess } from "./server-process.js";
import { startServerProcess } from "./server-process.js";
import { postGraphQL } from "./test-client.js";

/** Whoever has a token. */
export interface Person {
  readonly id: string;
  readonly token: string;
}

/** Two server processes of one desk with the demo's people. */
export interface ServerPair {
  /** Where they are; while one is dead, where it was. */
  readonly urls: readonly [string, string];
  readonly sql: postgres.Sql;
  signIn(email: string): Promise<Person>;
  joinAsGuest(token: string): Promise<Person>;
  /** `kill -9`, and a new start. */
  killAndStart(index: number): Promise<void>;
  close(): Promise<void>;
}

/** Jobs have no part in this, and whoever is needed is there. */
const SETTINGS = {
  WORKER: "off",
  DEMO_DATA: "false",
  SIGN_INS_PER_MINUTE: "100000",
  AUTH_SECRET: "the same secret of both - they know each other's tokens",
  URL_SIGNING_KEYS: "k1:the same secret of both - they know each other's URLs",
};

/**
 * They share the database and the secrets. Each has a data folder of its own: what is sent through them has no files,
 * for which they would need a store that both reach.
 */
export async function startServerPair(): Promise<ServerPair> {
  const database = await createTestDatabase("filedesk_demo_template");
  const folder = await mkdtemp(join(tmpdir(), "filedesk-pair-"));
  // Both are known to the database by the mark in their storage.
  for (const index of ["0", "1"])
    await cp(process.env.TEST_DEMO_FOLDER ?? "", join(folder, index), { recursive: true });
  const start = (index: number) =>
    startServerProcess({
      ...SETTINGS,
      DATABASE_URL: database.url,
      FILEDESK_DATA: join(folder, String(index)),
    });
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  const servers: ServerProcess[] = [];
  const close = async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await sql.end();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  };
  const begun = await Promise.allSettled([start(0), start(1)]);
  for (const one of begun) if (one.status === "fulfilled") servers.push(one.value);
  for (const one of begun)
    if (one.status === "rejected") {
      await close();
      throw one.reason;
    }
  const [first, second] = servers as [ServerProcess, ServerProcess];
  const urls: [string, string] = [first.url, second.url];
  return {
    urls,
    sql,
    async signIn(email) {
      const { data } = await postGraphQL(urls[0], SignInDocument, {
        input: { email, password: DEMO_PASSWORD },
      });
      const { accessToken: token, viewer } = data!.signIn;
      return { id: viewer.user!.id, token };
    },
    async joinAsGuest(invitation) {
      const { data } = await postGraphQL(urls[1], JoinAsGuestDocument, { token: invitation });
      const { accessToken: token, guest } = data!.joinAsGuest;
      return { id: guest.id, token };
    },
    async killAndStart(index) {
      await servers[index]!.kill();
      servers[index] = await start(index);
      urls[index] = servers[index]!.url;
    },
    close,
  };
}
