import { createHash, randomBytes } from "node:crypto";
import { cp, mkdtemp, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";
import { until } from "../../support/feed-world.js";
import {
  CancelUploadDocument,
  CreateTicketDocument,
  SignInDocument,
  StagedUploadDocument,
} from "../../support/generated/operations.js";
import type { ServerProcess } from "../../support/server-process.js";
import { startServerProcess } from "../../support/server-process.js";
import { BYTES, headOf, patchBytes, startUpload } from "../../support/staged-uploads.js";
import { bearer, codeIn, postGraphQL } from "../../support/test-client.js";

const OPEN_UPLOADS = 5;
const SIZE = 6_000_000;

let folder: string;
let database: TestDatabase;
let servers: [ServerProcess, ServerProcess];
let token: string;
let companyId: string;

/** Both have one database and one data folder. */
const start = () =>
  startServerProcess({
    DATABASE_URL: database.url,
    FILEDESK_DATA: folder,
    WORKER: "off",
    DEMO_DATA: "false",
    UPLOADS_PER_MINUTE: "1000",
    UPLOAD_FILES_PER_MINUTE: "1000",
    STAGED_UPLOADS: String(OPEN_UPLOADS),
  });

const begin = (at: 0 | 1, size = SIZE) =>
  startUpload(
    { url: servers[at].url, token },
    { bucket: "ATTACHMENTS", companyId, fileName: "log.txt", size },
  );
const cancel = (id: string) => postGraphQL(servers[0].url, CancelUploadDocument, { id }, token);
/** The same upload on the other server. */
const at = ({ url }: ServerProcess, upload: string) => `${url}${new URL(upload).pathname}`;

describe("uploads on two servers", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-two-"));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
    database = await createTestDatabase("filedesk_demo_template");
    servers = await Promise.all([start(), start()]);
    const input = { email: "customer@acme.test", password: DEMO_PASSWORD };
    const { data } = await postGraphQL(servers[0].url, SignInDocument, { input });
    token = data!.signIn.accessToken;
    companyId = data!.signIn.viewer.memberships[0]!.company.id;
  });

  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.kill()));
    await database?.drop();
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  it("are as many as one may have and no more, exactly, when they begin on both at once", async () => {
    for (let round = 0; round < 5; round++) {
      const begun = await Promise.allSettled(
        Array.from({ length: 24 }, (_, index) => begin(index % 2 === 0 ? 0 : 1)),
      );
      const ids = begun.flatMap((one) => (one.status === "fulfilled" ? one.value.id : []));
      expect(ids).toHaveLength(OPEN_UPLOADS);
      for (const one of begun)
        if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "QUOTA_EXCEEDED" });
      for (const id of ids) expect(codeIn(await cancel(id))).toBe("ok");
    }
  });

  it("go on where they were on the other server, when the one that receives them is stopped", async () => {
    const bytes = Buffer.from(randomBytes(SIZE / 2).toString("hex"));
    const upload = await begin(0);
    const sending = request(upload.url, {
      method: "PATCH",
      headers: { ...BYTES, ...bearer(token), "upload-offset": "0", "content-length": SIZE },
    });
    sending.on("error", () => {});
    const over = new Promise((resolve) => sending.once("close", resolve).once("response", resolve));
    sending.write(bytes.subarray(0, SIZE / 2));
    // The rest never comes.
    const received = join(folder, "files/.staged", upload.id);
    const written = async () => (await stat(received).catch(() => null))?.size ?? 0;
    await until(async () => (await written()) > 0, 60_000);
    const least = await written();
    expect((await servers[0].stop()).code).toBe(0);
    await over;
    const other = at(servers[1], upload.url);
    const { offset } = await headOf(other, token);
    expect(offset).toBeGreaterThanOrEqual(least);
    expect(offset).toBeLessThanOrEqual(SIZE / 2);

    expect(await patchBytes(other, token, bytes.subarray(offset!), { offset: offset! })).toMatchObject({
      status: 204,
      offset: SIZE,
    });
    const ticket = { companyId, subject: "Log", stagedUploadIds: [upload.id] };
    const taken = await postGraphQL(servers[1].url, CreateTicketDocument, { input: ticket }, token);
    const [file] = taken.data!.createTicket.attachments.nodes;
    const stored = await fetch(at(servers[1], file!.url) + new URL(file!.url).search);
    const hash = (of: Buffer) => createHash("sha256").update(of).digest("hex");
    expect(hash(Buffer.from(await stored.arrayBuffer()))).toBe(hash(bytes));
    const state = await postGraphQL(servers[1].url, StagedUploadDocument, { id: upload.id }, token);
    expect(state.data!.stagedUpload).toMatchObject({ status: "USED" });
  });
});
