import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";
import { CreateTicketDocument } from "../../support/generated/operations.js";
import { postFiles } from "../../support/post-files.js";
import type { ServerProcess } from "../../support/server-process.js";
import { startServerProcess } from "../../support/server-process.js";
import { signInFrom } from "../../support/sign-in-from.js";
import { startUpload } from "../../support/staged-uploads.js";
import { codeIn } from "../../support/test-client.js";

let folder: string;
let database: TestDatabase;
let servers: readonly ServerProcess[];

/** Both have one database and one data folder, and stand behind a proxy on this machine. */
const start = () =>
  startServerProcess({
    DATABASE_URL: database.url,
    FILEDESK_DATA: folder,
    WORKER: "off",
    DEMO_DATA: "false",
    TRUST_PROXY: "127.0.0.1",
    SIGN_INS_PER_MINUTE: "6",
    UPLOADS_PER_MINUTE: "6",
    UPLOAD_FILES_PER_MINUTE: "12",
    UPLOADS_AT_ONCE: "50",
    FILES_PER_REQUEST: "3",
    DOWNLOADS_PER_MINUTE: "8",
  });

const urlOf = (n: number) => servers[n % servers.length]!.url;

const attempt = (n: number, address: string, { email = "agent@acme.test", password = "wrong" } = {}) =>
  signInFrom({ url: urlOf(n), address, email, password });

/** A person of the demo, from an address of their own. */
async function signIn(email: string, address: string) {
  const { data } = await attempt(0, address, { email, password: DEMO_PASSWORD });
  const { accessToken, viewer } = data!.signIn;
  return { token: accessToken, companyId: viewer.memberships[0]!.company.id };
}

const countOf = (codes: readonly string[], code: string) => codes.filter((one) => one === code).length;
const spread = <Result>(count: number, work: (n: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, n) => work(n)));

describe("rates on two servers", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-rates-"));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
    database = await createTestDatabase("filedesk_demo_template");
    servers = await Promise.all([start(), start()]);
  });

  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.kill()));
    await database?.drop();
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  it("take so many guesses from one network on both together, and leave the owner in from another", async () => {
    const codes: string[] = [];
    for (let n = 0; n < 9; n++) codes.push(codeIn(await attempt(n, "203.0.113.66")));
    expect(codes).toEqual([...Array(6).fill("UNAUTHENTICATED"), ...Array(3).fill("RATE_LIMITED")]);
    const owner = { password: DEMO_PASSWORD };
    for (const n of [0, 1]) expect(codeIn(await attempt(n, "198.51.100.7", owner))).toBe("ok");
  });

  it("leave the owner in where they were before, however many networks the guesses come from", async () => {
    const email = "manager@acme.test";
    const owner = { email, password: DEMO_PASSWORD };
    expect(codeIn(await attempt(0, "198.51.100.8", owner))).toBe("ok");
    for (let n = 0; n < 60; n++) await attempt(n, `2001:db8:${n}::1`, { email });
    for (const n of [0, 1]) {
      expect(codeIn(await attempt(n, "198.51.100.9", owner))).toBe("RATE_LIMITED");
      expect(codeIn(await attempt(n, "198.51.100.8", owner))).toBe("ok");
    }
  });

  it("take so many requests with files and so many files on both together, exactly, when they race", async () => {
    const { token, companyId } = await signIn("customer@acme.test", "198.51.100.10");
    const file = (name: string) => ({ name, bytes: Buffer.from(`${name} ${Math.random()}\n`) });
    const upload = async (n: number) =>
      codeIn(
        await postFiles(urlOf(n), {
          query: CreateTicketDocument,
          input: { companyId, subject: "Files" },
          files: [file("a.txt")],
          token,
        }),
      );
    const codes = await spread(10, upload);
    expect([countOf(codes, "ok"), countOf(codes, "RATE_LIMITED")]).toEqual([6, 4]);
    const begin = (n: number) =>
      startUpload(
        { url: urlOf(n), token },
        { bucket: "ATTACHMENTS", companyId, fileName: "a.txt", size: 4 },
      ).then(
        () => "ok",
        ({ code }) => code as string,
      );
    const begun = await spread(10, begin);
    expect([countOf(begun, "ok"), countOf(begun, "RATE_LIMITED")]).toEqual([6, 4]);
  });

  it("take so many downloads on both together, exactly, when they race", async () => {
    const { token } = await signIn("customer2@acme.test", "198.51.100.11");
    const statuses = await spread(12, async (n) => {
      const headers = { authorization: `Bearer ${token}` };
      return String((await fetch(`${urlOf(n)}/files/nothing/a.txt`, { headers })).status);
    });
    expect([countOf(statuses, "404"), countOf(statuses, "429")]).toEqual([8, 4]);
  });
});
