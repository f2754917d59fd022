import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { CompletedPart } from "@aws-sdk/client-s3";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { KIB } from "../../../kernel/bytes.js";
import { countDeadBuffers } from "../../dead-buffers.js";
import { isNamed } from "./s3-faults.js";
import { HASH } from "./s3-hash.js";
import { headObject } from "./s3-reading.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";
import type { Attempt } from "./with-retries.js";
import { withRetries } from "./with-retries.js";

/** Bytes that can be sent again. */
export interface Section {
  readonly length: number;
  readonly md5: Buffer;
  open(): AsyncIterable<Buffer>;
}

/** Names the upload in the metadata of its object: an answer may be lost after the object was made. */
const UPLOAD = "filedesk-upload";
const SEND_BYTES = 64 * KIB;

export interface PutOptions {
  /** MD5 of the whole object in hex, if it is known. */
  readonly md5?: string | undefined;
  readonly attempts?: number;
}

/** Stores an object by one request. */
export async function putSection(
  store: S3Store,
  key: string,
  section: Section,
  { md5 = section.md5.toString("hex"), attempts }: PutOptions = {},
): Promise<void> {
  await withRetries(
    store,
    `store ${key}`,
    (attempt) =>
      sending(section, attempt, (Body) =>
        store.client.send(
          new PutObjectCommand({
            ...objectOf(store, key),
            ...store.written,
            Body,
            ContentLength: section.length,
            ContentMD5: section.md5.toString("base64"),
            Metadata: { [HASH]: md5 },
          }),
          { abortSignal: attempt.signal },
        ),
      ),
    { ...(attempts !== undefined && { attempts }) },
  );
}

/** An object that is sent in parts, and exists when it is completed. */
export interface MultipartUpload {
  readonly uploadId: string;
  /** Remembers a part that the store has, by its ETag. Parts are counted from 1, in the order of the calls. */
  add(make: (partNumber: number) => Promise<string>): Promise<void>;
  addSection(section: Section): Promise<void>;
}

/** Runs `work` on a new multipart upload and completes it. If either fails, the parts are removed. */
export async function uploadInParts(
  store: S3Store,
  key: string,
  metadata: Readonly<Record<string, string>>,
  work: (upload: MultipartUpload) => Promise<void>,
): Promise<void> {
  const id = randomUUID();
  const upload = await createUpload(store, key, { ...metadata, [UPLOAD]: id });
  const aim = { ...objectOf(store, key), UploadId: upload };
  const parts: CompletedPart[] = [];
  const add: MultipartUpload["add"] = async (make) => {
    const PartNumber = parts.length + 1;
    parts.push({ PartNumber, ETag: "" });
    parts[PartNumber - 1] = { PartNumber, ETag: await make(PartNumber) };
  };
  const complete = async (): Promise<void> => {
    try {
      await completeParts(store, key, upload, { parts, expected: ["NoSuchUpload"] });
    } catch (error) {
      if (!isNamed(error, "NoSuchUpload")) throw error;
      // Completed by an attempt whose answer was lost.
      if ((await headObject(store, key))?.Metadata?.[UPLOAD] !== id) throw error;
    }
  };
  const addSection = (section: Section) =>
    add((PartNumber) =>
      withRetries(store, `store part ${PartNumber} of ${key}`, (attempt) =>
        sending(section, attempt, async (Body) => {
          const part = new UploadPartCommand({
            ...aim,
            PartNumber,
            Body,
            ContentLength: section.length,
            ContentMD5: section.md5.toString("base64"),
          });
          return (await store.client.send(part, { abortSignal: attempt.signal })).ETag ?? "";
        }),
      ),
    );
  try {
    await work({ uploadId: upload, add, addSection });
    await complete();
  } catch (error) {
    await abortUpload(store, key, upload).catch(() => {}); // left to the sweep
    throw error;
  }
}

/** Begins an upload. @returns the store's id of it */
export async function createUpload(
  store: S3Store,
  key: string,
  Metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const { UploadId = "" } = await withRetries(store, `store ${key}`, ({ signal }) =>
    store.client.send(
      new CreateMultipartUploadCommand({ ...objectOf(store, key), ...store.written, Metadata }),
      {
        abortSignal: signal,
      },
    ),
  );
  return UploadId;
}

interface Completion {
  readonly parts: CompletedPart[];
  /** Names of errors that the caller handles. */
  readonly expected: readonly string[];
}

/** Puts the parts of an upload together. */
export async function completeParts(
  store: S3Store,
  key: string,
  uploadId: string,
  { parts, expected }: Completion,
): Promise<void> {
  const completion = { ...objectOf(store, key), UploadId: uploadId, MultipartUpload: { Parts: parts } };
  await withRetries(
    store,
    `complete ${key}`,
    ({ signal }) =>
      store.client.send(new CompleteMultipartUploadCommand(completion), { abortSignal: signal }),
    { timeoutMs: store.timeouts.copyMs, expected: (error) => isNamed(error, ...expected) },
  );
}

/** Removes the parts of an upload. Idempotent. */
export async function abortUpload(store: S3Store, key: string, uploadId: string): Promise<void> {
  const aborted = { ...objectOf(store, key), UploadId: uploadId };
  await withRetries(
    store,
    `abort the upload of ${key}`,
    ({ signal }) => store.client.send(new AbortMultipartUploadCommand(aborted), { abortSignal: signal }),
    { expected: (error) => isNamed(error, "NoSuchUpload") },
  ).catch((error: unknown) => {
    if (!isNamed(error, "NoSuchUpload")) throw error;
  });
}

/** Gives the bytes of a section to a request, at the pace of the connection. */
async function sending<Result>(
  section: Section,
  { progressed }: Attempt,
  send: (body: Readable) => Promise<Result>,
): Promise<Result> {
  async function* bytes() {
    for await (const chunk of section.open()) {
      countDeadBuffers(chunk.length);
      for (let at = 0; at < chunk.length; at += SEND_BYTES) {
        progressed();
        yield chunk.subarray(at, at + SEND_BYTES);
      }
    }
    progressed();
  }
  const body = Readable.from(bytes(), { objectMode: false });
  try {
    return await send(body);
  } finally {
    body.on("error", () => {}).destroy();
  }
}
