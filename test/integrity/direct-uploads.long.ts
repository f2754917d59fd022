import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runCommand } from "../support/command-process.js";
import type { DirectDesk } from "../support/direct-desk.js";
import { openDirectDesk, sha256Of } from "../support/direct-desk.js";
import { CancelUploadDocument, StagedUploadDocument } from "../support/generated/operations.js";
import { hasS3Gateway, makeBucket } from "../support/s3-gateway.js";
import type { StartedUpload } from "../support/staged-uploads.js";
import { headOf } from "../support/staged-uploads.js";
import { codeIn } from "../support/test-client.js";

const describeOnS3 = hasS3Gateway() ? describe : describe.skip;

describeOnS3("a direct upload", () => {
  let desk: DirectDesk;

  beforeAll(async () => {
    desk = await openDirectDesk(await makeBucket());
  });
  afterAll(() => desk?.close());

  const text = () => Buffer.from(`a note ${randomUUID()}\n`.repeat(5_000));
  const token = () => desk.tokens.requester;
  const put = ({ url, headers }: StartedUpload, bytes: Buffer) =>
    fetch(url, {
      method: "PUT",
      headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])),
      body: new Uint8Array(bytes),
    });

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

  it("leaves nothing when it is cancelled or expires", async () => {
    const bytes = text();
    const cancelled = await desk.begin(bytes.length);
    await put(cancelled, bytes);
    await desk.gql(CancelUploadDocument, { id: cancelled.id }, token());
    expect(await desk.objectsOf(cancelled.id)).toEqual([]);
    const expired = await desk.begin(bytes.length);
    await put(expired, bytes);
    expect(await desk.objectsOf(expired.id)).toHaveLength(1);
    await desk.sql`update staged_uploads set expires_at = now() - interval '1 second' where id = ${expired.id}`;
    // What is arriving is none of the storage's sweep.
    const swept = await runCommand(["sweep"], desk.environment);
    expect(swept.stdout).toContain("1 expired");
    expect(await desk.objectsOf(expired.id)).toEqual([]);
  });
});
