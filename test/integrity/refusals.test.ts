import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import {
  AddParticipantDocument,
  CreateTicketDocument,
  SetStorageLimitDocument,
  SignInDocument,
  UploadTicketAttachmentsDocument,
} from "../support/generated/operations.js";
import { filesUnder } from "../support/inventory.js";
import { BOUNDARY, multipartBody } from "../support/multipart-body.js";
import type { FilesRequest } from "../support/post-files.js";
import { fieldsBeforeFiles } from "../support/post-files.js";
import type { ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import type { GraphQLFailure } from "../support/test-client.js";
import { bearer, codeIn, postGraphQL } from "../support/test-client.js";

const MIB = 1024 ** 2;
const LARGE = 400 * MIB;
const BUCKET_LIMIT = 50 * MIB;
/** What connections hold on both sides, which a client can send without anybody reading it. */
const IN_THE_PIPE = 16 * MIB;
const PREFLIGHT = { "apollo-require-preflight": "true" };

interface Person {
  readonly id: string;
  readonly token: string;
  readonly companyId: string;
}

let database: TestDatabase;
let folder: string;
let server: ServerProcess;
let customer: Person;
let ticketId: string;

describe("an upload of 400 MB is refused before its body is read, and leaves nothing,", () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), "filedesk-refusals-"));
    server = await startServerProcess({
      DATABASE_URL: database.serverUrl,
      FILEDESK_DATA: folder,
      TMPDIR: folder,
      TICKET_MEGABYTES: "300",
      // No renderings come and go while the files are counted.
      WORKER: "off",
    });
    customer = await signIn("customer@acme.test");
    const input = {
      companyId: customer.companyId,
      subject: "Lamp",
      description: "",
      priority: "LOW" as const,
    };
    const { data } = await postGraphQL(server.url, CreateTicketDocument, { input }, customer.token);
    ticketId = data!.createTicket.id;
  });
  afterAll(async () => {
    const { code, output } = await server.stop();
    expect({ code, output }).toEqual({ code: 0, output: expect.not.stringMatching(/"level":[56]0/) });
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it("without a token", () => refuses("UNAUTHENTICATED", 401, { headers: PREFLIGHT }));

  it("without the preflight header", () => refuses("BAD_USER_INPUT", 400, { headers: {} }));

  it("on a ticket of another company", () => refusesUpload("NOT_FOUND", 404, "customer@globex.test"));

  it("by a customer on somebody else's ticket", () => refusesUpload("NOT_FOUND", 404, "customer2@acme.test"));

  it("by a participant, who may read the ticket and no more", async () => {
    const manager = await signIn("manager@acme.test");
    const participant = await signIn("customer2@acme.test");
    const input = { ticketId, userId: participant.id };
    const added = await postGraphQL(server.url, AddParticipantDocument, { input }, manager.token);
    expect(codeIn(added)).toBe("ok");
    await refusesUpload("FORBIDDEN", 403, "customer2@acme.test");
  });

  it("over the ticket's quota by its announced size", () =>
    refusesUpload("QUOTA_EXCEEDED", 409, "customer@acme.test"));

  it("over the company's storage limit by its announced size", async () => {
    const { token } = await signIn("admin@filedesk.test");
    const limit = (storageLimitBytes: number | null) =>
      postGraphQL(
        server.url,
        SetStorageLimitDocument,
        { input: { companyId: customer.companyId, storageLimitBytes } },
        token,
      );
    expect(codeIn(await limit(30 * MIB))).toBe("ok");
    // The bucket would take it.
    await refuses("QUOTA_EXCEEDED", 409, {
      headers: { ...PREFLIGHT, ...bearer(customer.token), "content-length": String(40 * MIB) },
      query: CreateTicketDocument,
      input: { companyId: customer.companyId, subject: "Film", description: "" },
    });
    expect(codeIn(await limit(null))).toBe("ok");
  });

  it("over the bucket's limit by its announced size", () =>
    refuses("FILE_TOO_LARGE", 413, {
      headers: { ...PREFLIGHT, ...bearer(customer.token) },
      query: CreateTicketDocument,
      input: { companyId: customer.companyId, subject: "Film", description: "" },
    }));

  it("when the minute's uploads are spent", async () => {
    const agent = await signIn("agent@acme.test");
    const sql = postgres(database.url, { max: 1 });
    await sql`insert into rate_limits values (${`uploads:${agent.id}`}, 10, now() + interval '1 minute')`;
    await sql.end();
    await refusesUpload("RATE_LIMITED", 429, "agent@acme.test");
  });

  it("as soon as it crosses the bucket's limit when it does not announce its size", async () => {
    await refuses("FILE_TOO_LARGE", 413, {
      headers: { ...PREFLIGHT, ...bearer(customer.token), "transfer-encoding": "chunked" },
      readBytes: BUCKET_LIMIT + MIB,
    });
  });
});

const refusesUpload = async (code: string, status: number, email: string) =>
  refuses(code, status, { headers: { ...PREFLIGHT, ...bearer((await signIn(email)).token) } });

interface Attempt extends Partial<Pick<FilesRequest<unknown>, "query" | "input">> {
  readonly headers: Readonly<Record<string, string>>;
  /** How much the server may read of it, in bytes. */
  readonly readBytes?: number;
}

/** Sends the upload and sees that it is refused, that little of it is read, and that nothing of it stays. */
async function refuses(code: string, status: number, { readBytes = MIB, ...attempt }: Attempt) {
  const before = { files: await filesUnder(folder), read: await bytesReadBy(server.pid) };
  const { query = UploadTicketAttachmentsDocument, input = { ticketId }, headers } = attempt;
  const { answer, sent } = await sendLarge(headers, { query, input });
  const [failure] = JSON.parse(answer.slice(answer.indexOf("{"))).errors as GraphQLFailure[];
  expect(failure?.extensions).toMatchObject({ code, status });
  // Chromium gives its page no answer but an error to what it could not send to its end.
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(sent).toBeLessThan(readBytes + IN_THE_PIPE);
  if (before.read !== null) expect((await bytesReadBy(server.pid))! - before.read).toBeLessThan(readBytes);
  expect(await filesUnder(folder)).toEqual(before.files);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
}

/** Sends all that the other side takes, until the connection is closed. */
async function sendLarge(
  headers: Attempt["headers"],
  request: Pick<FilesRequest<unknown>, "query" | "input">,
) {
  const chunked = "transfer-encoding" in headers;
  const fields = Object.entries(
    fieldsBeforeFiles({ ...request, files: [{ name: "", bytes: Buffer.alloc(0) }] }),
  );
  const parts = [
    ...fields.map(([name, content]) => ({ name, content })),
    { name: "0", fileName: "film.txt", content: "" },
  ];
  const lines = {
    host: "desk",
    "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
    ...(!chunked && { "content-length": LARGE }),
    ...headers,
  };
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const answer = text(socket);
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST /graphql HTTP/1.1\r\n${head.join("")}\r\n`);
  const framed = (piece: Buffer) =>
    chunked
      ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")])
      : piece;
  socket.write(framed(multipartBody(parts, { open: true })));
  pump(socket, framed(Buffer.alloc(MIB, "film ")));
  const received = await answer;
  await closed;
  return { answer: received, sent: socket.bytesWritten - socket.writableLength };
}

function pump(socket: Socket, block: Buffer): void {
  const push = () => {
    while (socket.writable && socket.bytesWritten < LARGE && socket.write(block));
  };
  socket.on("drain", push).on("error", () => {});
  push();
}

/** What a process has read of sockets and files (proc(5)); null where the system does not tell. */
async function bytesReadBy(pid: number): Promise<number | null> {
  const io = await readFile(`/proc/${pid}/io`, "utf8").catch(() => null);
  return io === null ? null : Number(/^rchar: (\d+)$/m.exec(io)?.[1]);
}

const people = new Map<string, Person>();

async function signIn(email: string): Promise<Person> {
  const known = people.get(email);
  if (known) return known;
  const input = { email, password: "filedesk-demo" };
  const { data } = await postGraphQL(server.url, SignInDocument, { input });
  const { accessToken: token, viewer } = data!.signIn;
  const person = { id: viewer.user!.id, token, companyId: viewer.memberships[0]?.company.id ?? "" };
  people.set(email, person);
  return person;
}
