import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../src/platform/database/embedded/embedded-postgres.js";
import type { Person } from "./desk-client.js";
import { call, signIn } from "./desk-client.js";
import type { ServerProcess } from "./processes.js";
import { peakMemoryOf, startFiledesk } from "./processes.js";
import type { S3Store } from "./s3-store.js";
import { startS3Store } from "./s3-store.js";

const MIB = 1024 ** 2;
/** Loads what the first upload loads, so that only what a stream takes is measured. */
const WARM_UP_BYTES = 64 * MIB;

const UPLOADER = "manager@acme.test";
const CREATE_TICKET = "mutation ($input: CreateTicketInput!) { createTicket(input: $input) { id } }";
const START_UPLOAD =
  "mutation ($input: StartUploadInput!) { startUpload(input: $input) { id url headers { name value } parts { url size } } }";
const COMPLETE_UPLOAD = "mutation ($id: ID!) { completeUpload(id: $id) { status } }";

/** A text of a size, of which no two are alike and whose checks read all of it. */
function* text(bytes: number): Generator<Buffer> {
  const stamp = `${performance.now()} ${Math.random()}\n`;
  const block = Buffer.alloc(MIB, `a line of a very long log ${stamp}`);
  for (let left = bytes; left > 0; left -= block.length)
    yield block.subarray(0, Math.min(left, block.length));
}

interface Body {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly chunks: Iterable<Buffer>;
}

async function send({ method, url, headers, chunks }: Body): Promise<string> {
  const sending = request(url, { method, headers });
  const answered = once(sending, "response");
  await pipeline(Readable.from(chunks), sending);
  const [response] = (await answered) as [NodeJS.ReadableStream & { statusCode: number }];
  let answer = "";
  for await (const chunk of response) answer += chunk;
  if (response.statusCode >= 300 || answer.includes('"errors"'))
    throw new Error(`${method} ${url}: ${response.statusCode} ${answer}`);
  return answer;
}

const ticket = ({ companyId }: Person) => ({ companyId, subject: "A long log", description: "All of it." });

const bearer = ({ token }: Person) => ({ authorization: `Bearer ${token}` });

type Staging = { port: number; person: Person; bytes: number };

interface Begun {
  readonly id: string;
  /** Null if it is sent in parts. */
  readonly url: string | null;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly parts: readonly { readonly url: string; readonly size: number }[] | null;
}

async function startUpload({ port, person, bytes }: Staging, method: "RESUMABLE" | "DIRECT") {
  const { companyId, token } = person;
  const input = { bucket: "ATTACHMENTS", companyId, fileName: "log.txt", size: bytes, method };
  const query = JSON.stringify({ query: START_UPLOAD, variables: { input } });
  return (await call<{ startUpload: Begun }>(port, token, query)).startUpload;
}

/** What is left to do when the bytes have been sent. */
type Taking = (person: Person) => Promise<void>;

async function openTicketWith({ port }: Staging, person: Person, id: string): Promise<void> {
  const variables = { input: { ...ticket(person), stagedUploadIds: [id] } };
  await call(port, person.token, JSON.stringify({ query: CREATE_TICKET, variables }));
}

async function resumable({ port }: ServerProcess, person: Person, bytes: number): Promise<Taking> {
  const staging = { port, person, bytes };
  const { id, url } = await startUpload(staging, "RESUMABLE");
  const headers = {
    ...bearer(person),
    "tus-resumable": "1.0.0",
    "upload-offset": "0",
    "content-type": "application/offset+octet-stream",
    "content-length": bytes,
  };
  await send({ method: "PATCH", url: url ?? "", headers, chunks: text(bytes) });
  return (by) => openTicketWith(staging, by, id);
}

/** The bytes go past the server, which reads them once to check them. */
async function direct({ port }: ServerProcess, person: Person, bytes: number): Promise<Taking> {
  const staging = { port, person, bytes };
  const { id, url, headers, parts } = await startUpload(staging, "DIRECT");
  const given = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  for (const part of parts ?? [{ url: url ?? "", size: bytes }]) {
    const sized = { ...given, "content-length": part.size };
    await send({ method: "PUT", url: part.url, headers: sized, chunks: text(part.size) });
  }
  // Its answer takes longer than `fetch` waits for one.
  const query = Buffer.from(JSON.stringify({ query: COMPLETE_UPLOAD, variables: { id } }));
  await send({
    method: "POST",
    url: `http://127.0.0.1:${port}/graphql`,
    headers: { ...bearer(person), "content-type": "application/json", "content-length": query.length },
    chunks: [query],
  });
  return (by) => openTicketWith(staging, by, id);
}

async function multipart({ port }: ServerProcess, person: Person, bytes: number): Promise<Taking> {
  const variables = { input: { ...ticket(person), files: [null] } };
  const field = (name: string, value: string) =>
    `--edge\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const start = Buffer.from(
    `${field("operations", JSON.stringify({ query: CREATE_TICKET, variables }))}${field("map", '{"0":["variables.input.files.0"]}')}--edge\r\ncontent-disposition: form-data; name="0"; filename="log.txt"\r\ncontent-type: text/plain\r\n\r\n`,
  );
  const end = Buffer.from("\r\n--edge--\r\n");
  const headers = {
    ...bearer(person),
    "apollo-require-preflight": "true",
    "content-type": "multipart/form-data; boundary=edge",
    "content-length": start.length + bytes + end.length,
  };
  const chunks = (function* () {
    yield start;
    yield* text(bytes);
    yield end;
  })();
  await send({ method: "POST", url: `http://127.0.0.1:${port}/graphql`, headers, chunks });
  return async () => {};
}

const DOORS = { multipart, resumable, direct };

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** The next peak is counted from now on. */
const forgetPeak = ({ pid }: ServerProcess) => writeFile(`/proc/${pid}/clear_refs`, "5");

async function measure(door: keyof typeof DOORS, server: ServerProcess, bytes: number): Promise<string> {
  const upload = DOORS[door];
  const person = await signIn(server.port, UPLOADER);
  const warmedUp = await upload(server, person, WARM_UP_BYTES);
  await warmedUp(person);
  await server.memory();
  const idle = await rssOf(server.pid);
  await forgetPeak(server);
  const began = performance.now();
  const take = await upload(server, person, bytes);
  const seconds = (performance.now() - began) / 1_000;
  const peakOfSending = await peakMemoryOf(server.pid);
  // On a slow machine the upload takes longer than an access token is valid. Hashing a password takes 19 MiB.
  const again = await signIn(server.port, UPLOADER);
  await forgetPeak(server);
  await take(again);
  const peak = Math.max(peakOfSending, await peakMemoryOf(server.pid));
  const figures = [idle, peak, peak - idle, seconds, bytes / MIB / seconds].map((figure) =>
    figure.toFixed(0),
  );
  return `| ${door} | ${(bytes / MIB).toFixed(0)} | ${figures.join(" | ")} |`;
}

/** Uploads one very large file in each way, and prints what memory it takes. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      megabytes: { type: "string", default: "5120" },
      door: { type: "string" },
      storage: { type: "string", default: "local" },
      server: { type: "string", default: "dist/bundle/main.js" },
    },
  });
  const doors = values.storage === "s3" ? DOORS : { multipart, resumable };
  const bytes = Number(values.megabytes) * MIB;
  const folder = await mkdtemp(join(tmpdir(), "filedesk-large-"));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, "postgres"), log: () => {} });
  let store: S3Store | null = null;
  try {
    if (values.storage === "s3") store = await startS3Store(join(folder, "s3"));
    const buckets = join(folder, "buckets.json");
    await writeFile(buckets, JSON.stringify({ ATTACHMENTS: { maxBytes: 2 * bytes + WARM_UP_BYTES } }));
    console.log("| way | MiB | idle MiB | peak MiB | grown by | seconds | MiB/s |");
    console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let isMade = false;
    for (const door of Object.keys(doors) as (keyof typeof DOORS)[]) {
      if (values.door !== undefined && values.door !== door) continue;
      const environment = {
        DATABASE_URL: postgres.socketUrl,
        FILEDESK_DATA: join(folder, "data"),
        BUCKETS_FILE: buckets,
        TICKET_MEGABYTES: "1000000",
        WORKER: "off",
        LOG_LEVEL: "warn",
        ...store?.environment,
      };
      const logFile = join(folder, "log");
      const options = { main: resolve(values.server), environment, logFile };
      // The first start makes the demo, and its memory stays higher.
      if (!isMade) await (await startFiledesk(options)).stop();
      isMade = true;
      const server = await startFiledesk(options);
      try {
        console.log(await measure(door, server, bytes));
      } finally {
        await server.stop();
      }
    }
  } finally {
    await postgres.stop();
    await store?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
