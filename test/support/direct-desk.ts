import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TypedDocumentNode } from "@apollo/client";
import postgres from "postgres";
import { createS3Storage } from "../../src/platform/storage/s3/s3.js";
import type { Storage } from "../../src/platform/storage/storage.js";
import { createTestDatabase } from "./database.js";
import type { StartUploadInput } from "./generated/operations.js";
import {
  CompleteUploadDocument,
  CreateTicketDocument,
  SignInDocument,
  UploadTicketAttachmentsDocument,
} from "./generated/operations.js";
import type { S3Bucket } from "./s3-gateway.js";
import type { ServerProcess } from "./server-process.js";
import { startServerProcess } from "./server-process.js";
import type { StartedUpload } from "./staged-uploads.js";
import { startUpload } from "./staged-uploads.js";
import type { GraphQLAnswer } from "./test-client.js";
import { bearer, postGraphQL } from "./test-client.js";

export type DirectDesk = Awaited<ReturnType<typeof openDirectDesk>>;

/** Of an attachment: more than a direct upload takes. */
const MAX_BYTES = 800 * 1024 ** 3;

export const sha256Of = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A server process whose files are in a bucket, with a ticket to which its requester uploads directly. */
export async function openDirectDesk(bucket: S3Bucket, settings: Readonly<Record<string, string>> = {}) {
  const database = await createTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const dataFolder = await mkdtemp(join(tmpdir(), "filedesk-direct-"));
  const bucketsFile = join(dataFolder, "buckets.json");
  await writeFile(bucketsFile, JSON.stringify({ ATTACHMENTS: { maxBytes: MAX_BYTES } }));
  const environment = {
    DATABASE_URL: database.url,
    FILEDESK_DATA: dataFolder,
    BUCKETS_FILE: bucketsFile,
    TICKET_MEGABYTES: "1000000",
    ...bucket.env,
    ...settings,
  };
  const start = () => startServerProcess({ ...environment, WORKER: "off" });
  let server: ServerProcess = await start();
  const gql = <Data, Variables>(
    query: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    by: string,
  ): Promise<GraphQLAnswer<Data>> => postGraphQL(server.url, query, variables, by === "" ? undefined : by);
  const signIn = async (email: string) =>
    (await gql(SignInDocument, { input: { email, password: "filedesk-demo" } }, "")).data!.signIn;
  const requester = await signIn("customer@acme.test");
  const tokens = {
    requester: requester.accessToken,
    manager: (await signIn("manager@acme.test")).accessToken,
  };
  const { id: companyId } = requester.viewer.memberships[0]!.company;
  const input = { companyId, subject: "It hums", description: "All night." };
  const { data } = await gql(CreateTicketDocument, { input }, tokens.requester);
  const ticketId = data!.createTicket.id;
  const storage: Storage = createS3Storage(bucket.store);

  return {
    sql,
    tokens,
    storage,
    environment,
    gql,
    get server() {
      return server;
    },
    begin: (size: number, more: Partial<StartUploadInput> = {}): Promise<StartedUpload> => {
      const file = { fileName: "note.txt", mimeType: "text/plain", size, ...more };
      return startUpload(
        { url: server.url, token: tokens.requester },
        { bucket: "ATTACHMENTS", ticketId, method: "DIRECT", ...file },
      );
    },
    complete: (id: string, by = tokens.requester) => gql(CompleteUploadDocument, { id }, by),
    attach: (id: string) =>
      gql(UploadTicketAttachmentsDocument, { input: { ticketId, stagedUploadIds: [id] } }, tokens.requester),
    /** The SHA-256 of what a download gives. */
    async downloaded(attachmentId: string): Promise<string> {
      const url = `${server.url}/attachments/${attachmentId}/note.txt`;
      const response = await fetch(url, { headers: bearer(tokens.requester) });
      return sha256Of(Buffer.from(await response.arrayBuffer()));
    },
    /** The keys of the objects of an upload that is arriving. */
    objectsOf: async (id: string) => (await storage.list(`staging/${id}/`)).map(({ key }) => key),
    /** Starts the server again, after it was killed. */
    async startAgain(): Promise<void> {
      server = await start();
    },
    async close(): Promise<void> {
      await server.kill();
      await sql.end();
      await database.drop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
