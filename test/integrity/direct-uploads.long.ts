import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { HeadObjectCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runCommand } from "../support/command-process.js";
import type { DirectDesk } from "../support/direct-desk.js";
import { openDirectDesk, sha256Of } from "../support/direct-desk.js";
import { CancelUploadDocument, StagedUploadDocument } from "../support/generated/operations.js";
import type { S3Bucket } from "../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { StartedUpload } from "../support/staged-uploads.js";
import { headOf } from "../support/staged-uploads.js";
import { codeIn } from "../support/test-client.js";

const describeOnS3 = hasS3Gateway() ? describe : describe.skip;

describeOnS3("a direct upload", () => {
  let bucket: S3Bucket;
  let desk: DirectDesk;

  beforeAll(async () => {
    bucket = await makeBucket();
    desk = await openDirectDesk(bucket);
  });
  afterAll(() => desk?.close());

  const text = () => Buffer.from(`a note ${randomUUID()}\n`.repeat(5_000));
  const token = () => desk.tokens.requester;
  const put = ({ url }: StartedUpload, bytes: Buffer, headers: Readonly<Record<string, string>> = {}) =>
    fetch(url, { method: "PUT", headers, body: new Uint8Array(bytes) });

  const unfinished = async (id: string) => {
    const { Uploads = [] } = await bucket.store.client.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket.bucket,
        Prefix: `${bucket.options.prefix ?? ""}staging/${id}/`,
      }),
    );
    return Uploads;
  };

  it("goes to the store, is checked when it is completed, and becomes an attachment", async () => {
    const bytes = text();
    const upload = await desk.begin(bytes.length);
    expect(upload.parts).toBeNull();
    expect(new URL(upload.url).host).not.toBe(new URL(desk.server.url).host);
    expect(codeIn(await desk.complete(upload.id))).toBe("UPLOAD_INCOMPLETE");
    expect((await put(upload, bytes)).status).toBe(200);
    expect(codeIn(await desk.complete(upload.id, desk.tokens.manager))).toBe("NOT_FOUND");
    const { data } = await desk.complete(upload.id);
    expect(data!.completeUpload).toMatchObject({
      status: "READY",
      mimeType: "text/plain",
      offset: bytes.length,
    });
    // Whoever still has the URL changes nothing that was checked.
    await put(upload, Buffer.alloc(bytes.length, "x"));
    expect(codeIn(await desk.complete(upload.id))).toBe("ok");
    const attached = await desk.attach(upload.id);
    expect(await desk.downloaded(attached.data!.uploadTicketAttachments[0]!.id)).toBe(sha256Of(bytes));
    expect((await headOf(`${desk.server.url}/uploads/${upload.id}`, token())).status).toBe(404);
  });

  it("takes the client's own bytes and nothing else, whatever headers come with them", async () => {
    const secret = Buffer.from(`the price list of another company ${randomUUID()}\n`.repeat(500));
    await desk.storage.put("another/secret.txt", Readable.from([secret]));
    const { bucket: name, prefix = "" } = bucket.options;
    const source = `/${name}/${prefix}another/secret.txt`;
    for (const headers of [
      { "x-amz-copy-source": source },
      { "x-amz-copy-source": source, "x-amz-copy-source-range": `bytes=0-${secret.length - 1}` },
      { "x-amz-copy-source": source, "x-amz-metadata-directive": "COPY" },
    ]) {
      const upload = await desk.begin(secret.length);
      const sent = Buffer.alloc(secret.length, "x");
      // A copy has no body; either may be cut off.
      for (const body of [Buffer.alloc(0), sent]) await put(upload, body, headers).catch(() => {});
      const code = codeIn(await desk.complete(upload.id));
      if (code === "ok") {
        const attached = await desk.attach(upload.id);
        expect(await desk.downloaded(attached.data!.uploadTicketAttachments[0]!.id)).toBe(sha256Of(sent));
      } else expect(code).toBe("UPLOAD_INCOMPLETE");
    }

    const bytes = text();
    const upload = await desk.begin(bytes.length, { mimeType: "text/html" });
    await put(upload, bytes, {
      "content-type": "text/html",
      "content-encoding": "gzip",
      "x-amz-acl": "public-read",
      "x-amz-meta-filedesk-md5": "0".repeat(32),
    });
    expect(codeIn(await desk.complete(upload.id))).toBe("ok");
    const attached = await desk.attach(upload.id);
    expect(await desk.downloaded(attached.data!.uploadTicketAttachments[0]!.id)).toBe(sha256Of(bytes));
    const [{ key = "" } = {}] = await desk.sql<{ key: string }[]>`
      select storage_key as key from blobs where sha256 = ${sha256Of(bytes)}`;
    const stored = await bucket.store.client.send(
      new HeadObjectCommand({ Bucket: name, Key: `${prefix}${key}` }),
    );
    expect(stored.ContentEncoding).toBeUndefined();
    expect(stored.ContentType).not.toBe("text/html");
    expect(stored.Metadata).not.toHaveProperty("filedesk-md5", "0".repeat(32));
    const anybody = new URL(upload.url);
    for (const path of [anybody.pathname, `/${name}/${prefix}${key}`])
      expect((await fetch(`${anybody.origin}${path}`)).status).toBe(403);
  });

  it("has a URL that takes nothing any more when it is complete, refused or cancelled", async () => {
    const bytes = text();
    const cancelled = await desk.begin(bytes.length);
    await desk.gql(CancelUploadDocument, { id: cancelled.id }, token());
    const complete = await desk.begin(bytes.length);
    await put(complete, bytes);
    expect(codeIn(await desk.complete(complete.id))).toBe("ok");
    for (const upload of [cancelled, complete]) {
      expect(
        await put(upload, bytes).then(
          ({ status }) => status,
          () => 404,
        ),
      ).toBe(404);
      expect(await desk.objectsOf(upload.id)).toEqual([]);
      const { data } = await desk.gql(StagedUploadDocument, { id: upload.id }, token());
      expect(data!.stagedUpload?.url ?? null).toBeNull();
    }
  });

  it("says that another request works on it, instead of waiting for ever", async () => {
    const bytes = text();
    const { id } = await desk.begin(bytes.length);
    await desk.sql`update staged_uploads set lease_id = gen_random_uuid(),
      lease_until = now() + interval '1 minute' where id = ${id}`;
    const answers = await Promise.all([desk.complete(id), desk.gql(CancelUploadDocument, { id }, token())]);
    for (const answer of answers) {
      expect(codeIn(answer)).toBe("UPLOAD_LOCKED");
      expect(answer.errors?.[0]?.extensions).toMatchObject({ status: 423, retryAfter: 1 });
    }
  });

  it("has the size that it was begun with, and the content that its bucket allows", async () => {
    const bytes = text();
    const upload = await desk.begin(bytes.length);
    expect((await put(upload, bytes.subarray(1))).status).toBeGreaterThanOrEqual(400);
    expect(codeIn(await desk.complete(upload.id))).toBe("UPLOAD_INCOMPLETE");
    await expect(desk.begin(3 * 1024 ** 4)).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    await expect(desk.begin(9, { size: null })).rejects.toMatchObject({ code: "BAD_USER_INPUT" });

    const program = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(4_000, 7)]);
    const refused = await desk.begin(program.length, { fileName: "scan.pdf", mimeType: "application/pdf" });
    await put(refused, program);
    const code = codeIn(await desk.complete(refused.id));
    expect(["UNSUPPORTED_FILE_TYPE", "FILE_TYPE_MISMATCH", "CORRUPT_FILE"]).toContain(code);
    const { data } = await desk.gql(StagedUploadDocument, { id: refused.id }, token());
    expect(data!.stagedUpload).toMatchObject({ status: "REFUSED", refusal: { code } });
    expect(await desk.objectsOf(refused.id)).toEqual([]);
  });

  it("is not begun for more than the storage of the company has left, and has no URL then", async () => {
    const room = 40_000;
    await desk.sql`insert into company_storage (company_id, limit_bytes)
      select id, 0 from companies on conflict (company_id) do nothing`;
    await desk.sql`update company_storage set limit_bytes = used_bytes + ${room}`;
    try {
      await expect(desk.begin(room + 1)).rejects.toMatchObject({ code: "QUOTA_EXCEEDED", left: room });
      expect((await desk.begin(room)).url).toMatch(/^http/);
    } finally {
      await desk.sql`update company_storage set limit_bytes = null`;
    }
  });

  it("leaves nothing when it is cancelled or expires", async () => {
    const bytes = text();
    const cancelled = await desk.begin(bytes.length);
    await put(cancelled, bytes);
    await desk.gql(CancelUploadDocument, { id: cancelled.id }, token());
    expect(await desk.objectsOf(cancelled.id)).toEqual([]);
    const expired = await desk.begin(bytes.length);
    await put(expired, bytes);
    expect(await unfinished(expired.id)).toHaveLength(1);
    await desk.sql`update staged_uploads set expires_at = now() - interval '1 second' where id = ${expired.id}`;
    // What is arriving is none of the storage's sweep.
    const swept = await runCommand(["sweep"], desk.environment);
    expect(swept.stdout).toContain("1 expired");
    expect(await unfinished(expired.id)).toEqual([]);
    expect(await desk.objectsOf(expired.id)).toEqual([]);
  });
});
