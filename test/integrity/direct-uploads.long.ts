import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TypedDocumentNode } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { createS3Storage } from "../../src/platform/storage/s3/s3.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import { runCommand } from "../support/command-process.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import type { StartUploadInput } from "../support/generated/operations.js";
import {
  CancelUploadDocument,
  CompleteUploadDocument,
  CreateTicketDocument,
  SignInDocument,
  StagedUploadDocument,
  UploadTicketAttachmentsDocument,
} from "../support/generated/operations.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { headOf, startUpload } from "../support/staged-uploads.js";
import { bearer, codeIn, postGraphQL } from "../support/test-client.js";

const describeOnS3 = hasS3Gateway() ? describe : describe.skip;

describeOnS3("a direct upload", () => {
  let database: TestDatabase;
  let sql: postgres.Sql;
  let dataFolder: string;
  let server: ServerProcess;
  let storage: Storage;
  let environment: Readonly<Record<string, string>>;
  const tokens = { requester: "", manager: "" };
  let ticketId: string;

  beforeAll(async () => {
    const bucket = await makeBucket();
    storage = createS3Storage(bucket.store);
    database = await createTestDatabase();
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    dataFolder = await mkdtemp(join(tmpdir(), "filedesk-direct-"));
    environment = { DATABASE_URL: database.url, FILEDESK_DATA: dataFolder, ...bucket.env };
    server = await startServerProcess({ ...environment, WORKER: "off" });
    const signIn = async (email: string) =>
      (await gql(SignInDocument, { input: { email, password: "filedesk-demo" } }, "")).data!.signIn;
    const requester = await signIn("customer@acme.test");
    tokens.requester = requester.accessToken;
    tokens.manager = (await signIn("manager@acme.test")).accessToken;
    const { id: companyId } = requester.viewer.memberships[0]!.company;
    const input = { companyId, subject: "It hums", description: "All night." };
    const { data } = await gql(CreateTicketDocument, { input }, tokens.requester);
    ticketId = data!.createTicket.id;
  });

  afterAll(async () => {
    await server?.kill();
    await sql?.end();
    await database?.drop();
    await rm(dataFolder, { recursive: true, force: true });
  });

  const gql = <Data, Variables>(
    query: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    by: string,
  ) => postGraphQL(server.url, query, variables, by === "" ? undefined : by);
  const text = () => Buffer.from(`a note ${randomUUID()}\n`.repeat(5_000));
  const token = () => tokens.requester;
  const begin = (size: number, more: Partial<StartUploadInput> = {}) => {
    const file = { fileName: "note.txt", mimeType: "text/plain", size, ...more };
    return startUpload(
      { url: server.url, token: token() },
      { bucket: "ATTACHMENTS", ticketId, method: "DIRECT", ...file },
    );
  };
  const put = ({ url, headers }: Awaited<ReturnType<typeof begin>>, bytes: Buffer) =>
    fetch(url, {
      method: "PUT",
      headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])),
      body: new Uint8Array(bytes),
    });
  const complete = (id: string, by = token()) => gql(CompleteUploadDocument, { id }, by);
  const attach = (id: string) =>
    gql(UploadTicketAttachmentsDocument, { input: { ticketId, stagedUploadIds: [id] } }, token());
  const stored = async (attachmentId: string) => {
    const response = await fetch(`${server.url}/attachments/${attachmentId}/note.txt`, {
      headers: bearer(token()),
    });
    return createHash("sha256")
      .update(Buffer.from(await response.arrayBuffer()))
      .digest("hex");
  };
  const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

  it("goes to the store, is checked when it is completed, and becomes an attachment", async () => {
    const bytes = text();
    const upload = await begin(bytes.length);
    expect(new URL(upload.url).host).not.toBe(new URL(server.url).host);
    expect(codeIn(await complete(upload.id))).toBe("UPLOAD_INCOMPLETE");
    expect((await put(upload, bytes)).status).toBe(200);
    expect(codeIn(await complete(upload.id, tokens.manager))).toBe("NOT_FOUND");
    const { data } = await complete(upload.id);
    expect(data!.completeUpload).toMatchObject({
      status: "READY",
      mimeType: "text/plain",
      offset: bytes.length,
    });
    // Whoever still has the URL changes nothing that was checked.
    await put(upload, Buffer.alloc(bytes.length, "x"));
    expect(codeIn(await complete(upload.id))).toBe("ok");
    const attached = await attach(upload.id);
    expect(await stored(attached.data!.uploadTicketAttachments[0]!.id)).toBe(hashOf(bytes));
    expect((await headOf(`${server.url}/uploads/${upload.id}`, token())).status).toBe(404);
  });

  it("has the size that it was begun with, and the content that its bucket allows", async () => {
    const bytes = text();
    const upload = await begin(bytes.length);
    expect((await put(upload, bytes.subarray(1))).status).toBeGreaterThanOrEqual(400);
    expect(codeIn(await complete(upload.id))).toBe("UPLOAD_INCOMPLETE");
    await expect(begin(60 * 1024 ** 2)).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    await expect(begin(9, { size: null })).rejects.toMatchObject({ code: "BAD_USER_INPUT" });

    const program = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(4_000, 7)]);
    const refused = await begin(program.length, { fileName: "scan.pdf", mimeType: "application/pdf" });
    await put(refused, program);
    const code = codeIn(await complete(refused.id));
    expect(["UNSUPPORTED_FILE_TYPE", "FILE_TYPE_MISMATCH", "CORRUPT_FILE"]).toContain(code);
    const { data } = await gql(StagedUploadDocument, { id: refused.id }, token());
    expect(data!.stagedUpload).toMatchObject({ status: "REFUSED", refusal: { code } });
    expect(await objectsOf(refused.id)).toEqual([]);
  });

  it("leaves nothing when it is cancelled or expires", async () => {
    const bytes = text();
    const cancelled = await begin(bytes.length);
    await put(cancelled, bytes);
    await gql(CancelUploadDocument, { id: cancelled.id }, token());
    expect(await objectsOf(cancelled.id)).toEqual([]);
    const expired = await begin(bytes.length);
    await put(expired, bytes);
    expect(await objectsOf(expired.id)).toHaveLength(1);
    await sql`update staged_uploads set expires_at = now() - interval '1 second' where id = ${expired.id}`;
    // What is arriving is none of the storage's sweep.
    const swept = await runCommand(["sweep"], environment);
    expect(swept.stdout).toContain("1 expired");
    expect(await objectsOf(expired.id)).toEqual([]);
  });

  const objectsOf = async (id: string) => (await storage.list(`staging/${id}/`)).map(({ key }) => key);
});
