import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { withChangedSignature } from "../../../support/changed-signature.js";
import type { FaultyStore } from "../../../support/faulty-store.js";
import { startFaultyStore } from "../../../support/faulty-store.js";
import { fileOf } from "../../../support/library-world.js";
import { makeJpeg } from "../../../support/make-files.js";
import type { NginxServer } from "../../../support/nginx-server.js";
import { hasNginx, locationsOf, startNginx } from "../../../support/nginx-server.js";
import type { S3Bucket } from "../../../support/s3-gateway.js";
import { hasS3Gateway, makeBucket } from "../../../support/s3-gateway.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

const withS3 = hasS3Gateway() ? describe : describe.skip;
const withNginx = hasNginx() ? describe : describe.skip;

let world: TicketWorld;
let ticketId: string;

async function openWorld(options: Parameters<typeof startTicketWorld>[0]) {
  world = await startTicketWorld(options);
  const companyId = await world.newCompany();
  ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
}

/** A file on the ticket, and the path of its URL. */
async function attach(name: string, bytes: Buffer) {
  const files = [fileOf(name, bytes)];
  const [attached] = await world.attach(world.people.requester, { ticketId, files });
  const url = new URL(attached!.url);
  return { id: attached!.id, path: url.pathname + url.search };
}

/** As it comes from that server: redirects are not followed. */
async function ask(base: string, path: string, headers: Record<string, string> = {}, method = "GET") {
  const sent = request(`${base}${path}`, { headers, method, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject).end();
  });
  return { status: response.statusCode, headers: response.headers, bytes: await buffer(response) };
}

const audited = async (id: string) =>
  (
    await world.server.database
      .sql`select id from audit_log where subject_id = ${id} and action = 'attachment.downloaded'`
  ).length;
const storageKey = async (id: string) => {
  const [row] = await world.server.database.sql`
    select b.storage_key from attachments a join media_files f on f.id = a.media_file_id
      join blobs b on b.id = f.blob_id where a.id = ${id}`;
  return row?.storage_key as string;
};

withNginx("downloads behind nginx with ACCEL_REDIRECT (needs nginx)", () => {
  let nginx: NginxServer;

  beforeAll(async () => {
    await openWorld({ env: { ACCEL_REDIRECT: "/internal/" } });
    const { url, dataFolder } = world.server;
    nginx = await startNginx(
      await locationsOf("docs/storage.md", {
        "http://127.0.0.1:4000": url,
        "/var/lib/filedesk/files/": `${join(dataFolder, "files")}/`,
      }),
    );
  });
  afterAll(async () => {
    await nginx?.close();
    await world?.close();
  });

  const text = (size: number) => Buffer.from(randomBytes(size / 2).toString("hex"));

  it("leaves the bytes to nginx, with our headers, after the audit entry", async () => {
    const bytes = text(3_000_000);
    const file = await attach("Grüße.txt", bytes);
    const own = await ask(world.server.url, file.path);
    expect(own.headers["x-accel-redirect"]).toBe(`/internal/${await storageKey(file.id)}`);
    expect(own.bytes.length).toBe(0);
    const given = await ask(nginx.url, file.path);
    expect(given.bytes.equals(bytes)).toBe(true);
    expect(given.headers).toMatchObject({
      "content-type": own.headers["content-type"],
      "content-disposition": "attachment; filename=\"Gr??e.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt",
      "cache-control": own.headers["cache-control"],
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "cross-origin",
      "access-control-allow-origin": "*",
      etag: own.headers.etag,
      "content-length": String(bytes.length),
    });
    expect(given.headers["x-accel-redirect"]).toBeUndefined();
    expect(await audited(file.id)).toBe(2);
  });

  it("gives ranges, conditions and HEAD as without nginx", async () => {
    const bytes = text(1_000_000);
    const file = await attach("ranges.txt", bytes);
    const part = await ask(nginx.url, file.path, { range: "bytes=100-299" });
    expect([part.status, part.headers["content-range"]]).toEqual([206, `bytes 100-299/${bytes.length}`]);
    expect(part.bytes.equals(bytes.subarray(100, 300))).toBe(true);
    const { etag = "" } = part.headers;
    const rest = await ask(nginx.url, file.path, { range: "bytes=999000-", "if-range": etag });
    expect([rest.status, rest.bytes.equals(bytes.subarray(999_000))]).toEqual([206, true]);
    const changed = await ask(nginx.url, file.path, { range: "bytes=999000-", "if-range": '"other"' });
    expect([changed.status, changed.bytes.length]).toEqual([200, bytes.length]);
    expect((await ask(nginx.url, file.path, { "if-none-match": etag })).status).toBe(304);
    expect((await ask(nginx.url, file.path, { "if-none-match": '"other"' })).bytes.length).toBe(bytes.length);
    expect((await ask(nginx.url, file.path, { "if-match": etag })).status).toBe(200);
    expect((await ask(nginx.url, file.path, { "if-match": '"other"' })).status).toBe(412);
    expect((await ask(nginx.url, file.path, { range: "bytes=1000000-" })).status).toBe(416);
    const head = await ask(nginx.url, file.path, {}, "HEAD");
    expect([head.status, head.headers["content-length"]]).toEqual([200, String(bytes.length)]);
  });

  it("gives nothing without permission, nor to who knows the path", async () => {
    const file = await attach("secret.txt", text(1_000));
    const key = await storageKey(file.id);
    const wrong = await ask(world.server.url, withChangedSignature(file.path));
    expect([wrong.status, wrong.headers["x-accel-redirect"]]).toEqual([403, undefined]);
    for (const path of [
      `/internal/${key}`,
      `/internal/../internal/${key}`,
      "/internal/.filedesk-installation",
    ])
      expect((await ask(nginx.url, path)).status).toBe(404);
    const before = await audited(file.id);
    expect(before).toBe(0);
  });

  it("finds out that bytes are missing before nginx does", async () => {
    const file = await attach("lost.txt", text(1_000));
    await rm(join(world.server.dataFolder, "files", await storageKey(file.id)));
    const answer = await ask(nginx.url, file.path);
    expect([answer.status, JSON.parse(String(answer.bytes)).error.code]).toEqual([500, "CORRUPT_FILE"]);
  });
});

withS3("downloads by redirect to the store (needs radosgw, ceph-mon and ceph-osd)", () => {
  let bucket: S3Bucket;
  let proxy: FaultyStore;

  beforeAll(async () => {
    bucket = await makeBucket();
    proxy = await startFaultyStore(bucket.endpoint);
    await openWorld({ bucket, env: { DOWNLOAD_MODE: "redirect", S3_ENDPOINT: proxy.url } });
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await world?.close();
    await proxy?.close();
  });

  it("sends the client to the store, which has our headers and ranges; the server reads no byte", async () => {
    const photo = await makeJpeg({ width: 300, height: 200 });
    const file = await attach("photo.jpg", photo);
    const before = proxy.seen.length;
    const answer = await ask(world.server.url, file.path);
    expect([answer.status, answer.headers["cache-control"], answer.bytes.length]).toEqual([
      302,
      "no-store",
      0,
    ]);
    expect(proxy.seen.slice(before).map(({ method }) => method)).toEqual(["HEAD"]);
    expect(await audited(file.id)).toBe(1);
    const given = await fetch(answer.headers.location ?? "");
    expect(Buffer.from(await given.arrayBuffer()).equals(photo)).toBe(true);
    expect(Object.fromEntries(given.headers)).toMatchObject({
      "content-type": "image/jpeg",
      "content-disposition": "attachment; filename=photo.jpg",
      "cache-control": expect.stringMatching(/^private, max-age=\d+$/),
    });
    const part = await fetch(`${world.server.url}${file.path}`, { headers: { range: "bytes=10-19" } });
    expect([part.status, Buffer.from(await part.arrayBuffer()).equals(photo.subarray(10, 20))]).toEqual([
      206,
      true,
    ]);
  });

  it("never sends a browser there to show what may be run or needs our policy", async () => {
    const image = await attach("photo.jpg", await makeJpeg({ width: 310, height: 200 }));
    expect((await ask(world.server.url, `${image.path}&inline`)).status).toBe(302);
    const note = await attach("note.txt", Buffer.from("plain text to be shown"));
    const shown = await ask(world.server.url, `${note.path}&inline`);
    expect([shown.status, shown.headers["content-security-policy"]]).toEqual([
      200,
      "default-src 'none'; sandbox",
    ]);
    expect(String(shown.bytes)).toBe("plain text to be shown");
    expect((await ask(world.server.url, note.path)).status).toBe(302);
  });

  it("answers HEAD, conditions and refusals itself", async () => {
    const photo = await makeJpeg({ width: 320, height: 200 });
    const file = await attach("photo.jpg", photo);
    const head = await ask(world.server.url, file.path, {}, "HEAD");
    expect([head.status, head.headers["content-length"]]).toEqual([200, String(photo.length)]);
    const { etag = "" } = head.headers;
    expect((await ask(world.server.url, file.path, { "if-none-match": etag })).status).toBe(304);
    expect((await ask(world.server.url, file.path, { "if-match": '"other"' })).status).toBe(412);
    const rest = await ask(world.server.url, file.path, { range: "bytes=5-", "if-range": etag });
    expect([rest.status, rest.bytes.length]).toEqual([206, photo.length - 5]);
    expect((await ask(world.server.url, file.path, { range: "bytes=9999999-" })).status).toBe(416);
    const wrong = await ask(world.server.url, withChangedSignature(file.path));
    expect([wrong.status, wrong.headers.location]).toEqual([403, undefined]);
  });

  it("says 410 for a deleted file, and 503 while the store is away", async () => {
    const file = await attach("photo.jpg", await makeJpeg({ width: 330, height: 200 }));
    proxy.failBy(() => ({ kind: "status", status: 403, code: "AccessDenied" }));
    const away = await ask(world.server.url, file.path);
    expect([away.status, JSON.parse(String(away.bytes)).error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    proxy.heal();
    await world.server.gql(
      "mutation ($id: ID!) { deleteAttachment(id: $id) { id } }",
      { id: file.id },
      world.people.manager.token,
    );
    const deleted = await ask(world.server.url, file.path);
    expect([deleted.status, deleted.headers.location]).toEqual([410, undefined]);
  });
});
