import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ListMultipartUploadsCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { clockAhead } from "../support/clock-ahead.js";
import { runCommand } from "../support/command-process.js";
import type { DirectDesk } from "../support/direct-desk.js";
import { openDirectDesk, sha256Of } from "../support/direct-desk.js";
import type { Fault, FaultyStore, SeenRequest } from "../support/faulty-store.js";
import { startFaultyStore } from "../support/faulty-store.js";
import { until } from "../support/feed-world.js";
import { CancelUploadDocument, StagedUploadDocument } from "../support/generated/operations.js";
import { recipeIn, runRecipe } from "../support/recipes.js";
import type { S3Bucket } from "../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { StartedUpload } from "../support/staged-uploads.js";
import { codeIn, isCutOff } from "../support/test-client.js";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** More than one PUT takes: four parts of 16 MiB, and a smaller one. */
const SIZE = 70 * MIB;

const describeOnS3 = hasS3Gateway() ? describe : describe.skip;

type Part = NonNullable<StartedUpload["parts"]>[number];

/** A request of the server to the store, during which it is killed. */
interface Step {
  readonly fault: Fault;
  readonly isMeant: (request: SeenRequest) => boolean;
  /** What the store has done by then. */
  readonly until?: () => Promise<boolean>;
}

describeOnS3("a direct upload in parts", () => {
  let bucket: S3Bucket;
  let proxy: FaultyStore;
  let desk: DirectDesk;

  beforeAll(async () => {
    bucket = await makeBucket();
    proxy = await startFaultyStore(bucket.endpoint);
    // The server and its clients reach the store through the proxy, the test by itself.
    desk = await openDirectDesk(bucket, { S3_ENDPOINT: proxy.url });
  });
  afterAll(async () => {
    await desk?.close();
    await proxy?.close();
  });

  const filling = randomBytes(SIZE / 2).toString("hex");
  /** Text of which no two are alike. */
  const text = () => Buffer.from(randomBytes(32).toString("hex") + filling.slice(64));
  const token = () => desk.tokens.requester;
  const put = (url: string, bytes: Buffer) => fetch(url, { method: "PUT", body: new Uint8Array(bytes) });
  const bytesOf = ({ offset, size }: Part, bytes: Buffer) => bytes.subarray(offset, offset + size);
  /** A client sends a part again whose connection broke off, as after an early refusal. */
  const send = async (part: Part, bytes: Buffer): Promise<number> => {
    const sent = () => put(part.url, bytesOf(part, bytes));
    return (await sent().catch(sent)).status;
  };
  /** The store may answer before it has read all, and close the connection while the client still sends. */
  const isRefused = async (url: string, bytes: Buffer): Promise<boolean> => {
    try {
      return (await put(url, bytes)).status === 403;
    } catch (error) {
      if (isCutOff(error)) return true;
      throw error;
    }
  };
  const numbered = (parts: readonly Part[] | null | undefined, ...numbers: readonly number[]): Part[] =>
    numbers.map((number) => parts!.find((part) => part.number === number)!);
  const stateOf = async (id: string, by = token()) =>
    (await desk.gql(StagedUploadDocument, { id }, by)).data!.stagedUpload;
  /** The parts as another page of the client sees them, which knows the upload's id alone. */
  const partsOf = async (id: string): Promise<Part[]> => (await stateOf(id))!.parts!;
  const received = async (id: string) =>
    (await partsOf(id)).filter((part) => part.received).map(({ number }) => number);
  const missingOf = async (id: string) => {
    const answer = await desk.complete(id);
    expect(codeIn(answer)).toBe("UPLOAD_INCOMPLETE");
    return answer.errors![0]!.extensions.missing;
  };
  const beginAndSend = async (bytes: Buffer, fileName = "note.txt"): Promise<StartedUpload> => {
    const upload = await desk.begin(bytes.length, { fileName });
    for (const part of upload.parts!) expect(await send(part, bytes)).toBe(200);
    return upload;
  };
  /** Its attachment has the bytes that were sent, and nothing of the upload is left. */
  const arrives = async (id: string, bytes: Buffer): Promise<void> => {
    const attached = await desk.attach(id);
    expect(codeIn(attached)).toBe("ok");
    expect(await desk.downloaded(attached.data!.uploadTicketAttachments[0]!.id)).toBe(sha256Of(bytes));
    expect(await desk.objectsOf(id)).toEqual([]);
    expect(await unfinished(id)).toEqual([]);
  };
  /** The store's ids of multipart uploads that were not completed. */
  const unfinished = async (id: string) => {
    const { Uploads = [] } = await bucket.store.client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket.bucket, Prefix: `staging/${id}/` }),
    );
    return Uploads.map(({ UploadId, Key }) => ({ UploadId, Key }));
  };
  const expire = (id: string) =>
    desk.sql`update staged_uploads set expires_at = now() - interval '1 second' where id = ${id}`;

  it("arrives in any order, with a part sent again, and is continued by another page", async () => {
    const bytes = text();
    const { id, url, headers, parts, offset } = await desk.begin(SIZE);
    expect({ url, headers, offset }).toEqual({ url: "", headers: [], offset: 0 });
    expect(parts!.map(({ size }) => size / MIB)).toEqual([16, 16, 16, 16, 6]);
    expect(new URL(parts![0]!.url).host).toBe(new URL(proxy.url).host);
    for (const part of numbered(parts, 5, 2)) expect(await send(part, bytes)).toBe(200);
    expect(await received(id)).toEqual([2, 5]);
    expect(await missingOf(id)).toEqual([1, 3, 4]);

    // Broken off in the middle, and other bytes at first.
    const [first, third, fourth] = numbered(await partsOf(id), 1, 3, 4);
    proxy.failNext(1, ({ url: path }) => path.includes("partNumber=1&"), {
      kind: "cut",
      body: "request",
      after: MIB,
    });
    await expect(put(first!.url, bytesOf(first!, bytes))).rejects.toThrow();
    proxy.heal();
    expect(await received(id)).toEqual([2, 5]);
    expect(await send(first!, Buffer.alloc(SIZE, "x"))).toBe(200);
    expect(await Promise.all([first!, third!, fourth!].map((part) => send(part, bytes)))).toEqual([
      200, 200, 200,
    ]);

    const { data } = await desk.complete(id);
    expect(data!.completeUpload).toMatchObject({ status: "READY", mimeType: "text/plain", offset: SIZE });
    expect((await stateOf(id))!.parts).toBeNull();
    // Whoever still has a URL changes nothing that was checked.
    expect(await send(first!, Buffer.alloc(SIZE, "x"))).toBe(404);
    expect(codeIn(await desk.complete(id))).toBe("ok");
    await arrives(id, bytes);
  });

  it("has parts of the sizes that it was begun with", async () => {
    const bytes = text();
    const { id, parts } = await desk.begin(SIZE);
    const [first, last] = numbered(parts, 1, 5);
    const ofLast = (number: number) => last!.url.replace("partNumber=5", `partNumber=${number}`);
    expect(await isRefused(first!.url, bytes.subarray(0, 5 * MIB))).toBe(true);
    for (const other of [1, 6]) expect(await isRefused(ofLast(other), bytes.subarray(0, 6 * MIB))).toBe(true);
    expect(await received(id)).toEqual([]);
    for (const part of parts!) await send(part, bytes);
    // As in a store that does not compare the length with the signature.
    const [{ UploadId, Key } = {}] = await unfinished(id);
    const aim = { Bucket: bucket.bucket, Key, UploadId };
    const part = { PartNumber: 2, Body: bytes.subarray(0, 8 * MIB) };
    await bucket.store.client.send(new UploadPartCommand({ ...aim, ...part }));
    expect(await received(id)).toEqual([1, 3, 4, 5]);
    expect(await missingOf(id)).toEqual([2]);
    for (const again of numbered(parts, 2)) expect(await send(again, bytes)).toBe(200);
    expect(codeIn(await desk.complete(id))).toBe("ok");
    await arrives(id, bytes);
  });

  it("has a bounded number of parts, whose URLs are asked for one upload at a time", async () => {
    for (const size of [5 * GIB + 1, 50 * GIB, 500 * GIB]) {
      const { id, parts } = await desk.begin(size);
      expect(parts!.length).toBeGreaterThan(50);
      expect(parts!.length).toBeLessThanOrEqual(100);
      let end = 0;
      for (const part of parts!) {
        expect(part).toMatchObject({ offset: end, received: false });
        end += part.size;
      }
      expect(end).toBe(size);
      await desk.gql(CancelUploadDocument, { id }, token());
    }
    await expect(desk.begin(500 * GIB + 1)).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    await expect(desk.begin(64 * MIB)).resolves.toMatchObject({ parts: null });
    const list = (fields: string) =>
      fetch(`${desk.server.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token()}` },
        body: JSON.stringify({ query: `{ stagedUploads { id parts { number ${fields} } } }` }),
      }).then((response) => response.text());
    expect(await list("received")).not.toContain("errors");
    expect(await list("url")).toContain("QUERY_TOO_COMPLEX");
  });

  it("is nobody else's", async () => {
    const { id } = await desk.begin(SIZE);
    expect(await stateOf(id, desk.tokens.manager)).toBeNull();
    expect(codeIn(await desk.complete(id, desk.tokens.manager))).toBe("NOT_FOUND");
    expect(codeIn(await desk.gql(CancelUploadDocument, { id }, desk.tokens.manager))).toBe("NOT_FOUND");
    expect(await received(id)).toEqual([]);
  });

  it("leaves no part when it is cancelled, refused or expires, and keeps them while it lives", async () => {
    const bytes = text();
    const cancelled = await desk.begin(SIZE);
    const [first, second] = numbered(cancelled.parts, 1, 2);
    await send(first!, bytes);
    await desk.gql(CancelUploadDocument, { id: cancelled.id }, token());
    expect(await unfinished(cancelled.id)).toEqual([]);
    expect(await send(second!, bytes)).toBe(404);
    expect(codeIn(await desk.complete(cancelled.id))).toBe("GONE");

    const program = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(SIZE - 2, 7)]);
    const refused = await beginAndSend(program, "scan.pdf");
    expect(codeIn(await desk.complete(refused.id))).not.toBe("ok");
    expect((await stateOf(refused.id))!.status).toBe("REFUSED");
    expect([await unfinished(refused.id), await desk.objectsOf(refused.id)]).toEqual([[], []]);

    const expired = await desk.begin(SIZE);
    await send(expired.parts![0]!, bytes);
    await expire(expired.id);
    expect(await stateOf(expired.id)).toBeNull();
    expect(codeIn(await desk.complete(expired.id))).toBe("GONE");
    // Begun long ago, as it seems to the sweep, and not expired.
    const living = await desk.begin(SIZE);
    for (const part of living.parts!.slice(1)) await send(part, bytes);
    await desk.sql`update staged_uploads set expires_at = now() + interval '3 days' where id = ${living.id}`;
    const swept = await runCommand(["sweep"], {
      ...desk.environment,
      NODE_OPTIONS: clockAhead({ hours: 25 }),
    });
    expect([swept.code, swept.stdout]).toEqual([0, expect.stringContaining("expired")]);
    expect(await unfinished(expired.id)).toEqual([]);
    expect(await unfinished(living.id)).toHaveLength(1);
    await send(living.parts![0]!, bytes);
    expect(codeIn(await desk.complete(living.id))).toBe("ok");
    await arrives(living.id, bytes);
  });

  it("takes what the example of docs/uploads.md sends over a bad network, and again after it was closed", async () => {
    const bytes = text();
    const { id, parts } = await desk.begin(SIZE);
    await send(parts![1]!, bytes);
    const path = join(desk.environment.FILEDESK_DATA, "chosen.txt");
    await writeFile(path, bytes);
    const isPart = ({ method, url }: SeenRequest) => method === "PUT" && url.includes("partNumber=");
    proxy.failNext(3, isPart, { kind: "reset" });
    const before = proxy.seen.length;
    const told = await runRecipe({
      code: await recipeIn("docs/uploads.md", "async function sendParts"),
      given: { uri: `${desk.server.url}/graphql`, authorization: `Bearer ${token()}`, id, path },
      before: `import { openAsBlob } from "node:fs";
        import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
        const link = new HttpLink({ uri, headers: { authorization } });
        const client = new ApolloClient({ cache: new InMemoryCache(), link });`,
      told: `await sendParts(id, await openAsBlob(path)).then(() => "sent")`,
    });
    proxy.heal();
    expect(told).toBe("sent");
    // Four were missing, and three of them had to be sent twice.
    expect(proxy.seen.slice(before).filter(isPart)).toHaveLength(7);
    expect(codeIn(await desk.complete(id))).toBe("ok");
    await arrives(id, bytes);
  });

  it("begins again when the store has lost its parts", async () => {
    const bytes = text();
    const upload = await beginAndSend(bytes);
    const [{ UploadId = "", Key = "" } = {}] = await unfinished(upload.id);
    await desk.storage.multipart!.abort({ key: Key, uploadId: UploadId });
    expect(await received(upload.id)).toEqual([]);
    expect(await missingOf(upload.id)).toEqual([1, 2, 3, 4, 5]);
    for (const part of await partsOf(upload.id)) expect(await send(part, bytes)).toBe(200);
    expect(codeIn(await desk.complete(upload.id))).toBe("ok");
    await arrives(upload.id, bytes);
  });

  it("survives that the server is killed, at every step of its completion", async () => {
    const bytes = text();
    const { id } = await beginAndSend(bytes);
    const isCopied = async () => {
      const [row] = await desk.sql`select storage_key from staged_uploads where id = ${id}`;
      return row!.storage_key !== null && (await desk.storage.stat(row!.storage_key)) !== null;
    };
    const steps: readonly Step[] = [
      {
        fault: { kind: "lost answer" },
        isMeant: ({ method, url }) => method === "POST" && url.includes("uploadId="),
        // The store has put the parts together; the row does not know.
        until: async () => (await unfinished(id)).length === 0,
      },
      {
        fault: { kind: "stall", body: "answer", after: 40 * MIB },
        isMeant: ({ method, url }) => method === "GET" && url.includes(`${id}/0`),
      },
      {
        fault: { kind: "lost answer" },
        isMeant: ({ headers }) => headers["x-amz-copy-source"] !== undefined,
        // The bytes are under their key; the row does not know that they are ready.
        until: isCopied,
      },
    ];
    for (const { fault, isMeant, until: isDone = async () => true } of steps) {
      const before = proxy.seen.length;
      expect(await isDone()).toBe(fault.kind === "stall");
      proxy.failBy((request) => (isMeant(request) ? fault : null));
      const answer = desk.complete(id).catch(() => null);
      await until(async () => proxy.seen.slice(before).some(isMeant) && (await isDone()), 60_000);
      await desk.server.kill();
      expect(await answer).toBeNull();
      proxy.heal();
      await desk.startAgain();
    }
    expect(codeIn(await desk.complete(id))).toBe("ok");
    await arrives(id, bytes);
  });
});
