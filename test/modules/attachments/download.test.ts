import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { withChangedSignature } from "../../support/changed-signature.js";
import { makeJpeg } from "../../support/make-files.js";
import { bearer } from "../../support/test-client.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld } from "../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let photo: Buffer;
let ticketId: string;
let attachment: { id: string; url: string };
let mediaUrl: string;

const mutate = (field: string, id: string, by = world.people.requester) =>
  world.server.gql(`mutation ($id: ID!) { ${field}(id: $id) { id } }`, { id }, by.token);

async function fetchFile(url: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(url, { headers, method });
  const bytes = Buffer.from(await response.arrayBuffer());
  const error = response.headers.get("content-type")?.startsWith("application/json")
    ? JSON.parse(bytes.toString()).error
    : null;
  return { status: response.status, headers: response.headers, bytes, error };
}

const path = (url: string) => url.split("?", 1)[0]!;

async function auditEntries(subjectId: string): Promise<{ action: string; actor_id: string }[]> {
  return world.server.database
    .sql`select action, actor_id from audit_log where subject_id = ${subjectId} order by id`;
}

describe("a download", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
    photo = await makeJpeg({ width: 320, height: 240 });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    const { requester } = world.people;
    ticketId = (await world.openTicket(requester, { companyId })).id;
    const file = new File([new Uint8Array(photo)], 'Grüße aus "204".jpg', { type: "text/html" });
    const [attached] = await world.attach(requester, { ticketId, files: [file] });
    attachment = attached!;
    const { data } = await world.server.gql<{ attachment: { mediaFile: { url: string } } }>(
      "query ($id: ID!) { attachment(id: $id) { mediaFile { url } } }",
      { id: attachment.id },
      requester.token,
    );
    mediaUrl = data!.attachment.mediaFile.url;
  });

  it("gives the very bytes, typed by their content, by signature or by token", async () => {
    const { requester } = world.people;
    for (const [url, headers] of [
      [attachment.url, {}],
      [path(attachment.url), bearer(requester.token)],
      [mediaUrl, {}],
    ] as const) {
      const answer = await fetchFile(url, headers);
      expect(answer.status).toBe(200);
      expect(answer.bytes.equals(photo)).toBe(true);
      expect(answer.headers.get("content-type")).toBe("image/jpeg");
      expect(answer.headers.get("etag")).toBe(`"${createHash("sha256").update(photo).digest("hex")}"`);
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
      expect(answer.headers.get("content-disposition")).toMatch(
        /^attachment; .*filename\*=UTF-8''Gr%C3%BC%C3%9Fe/,
      );
    }
  });

  it("shows a picture inline where that is asked for", async () => {
    const answer = await fetchFile(`${attachment.url}&inline`);
    expect(answer.headers.get("content-disposition")).toMatch(/^inline/);
  });

  it("resumes, revalidates and answers HEAD", async () => {
    const part = await fetchFile(attachment.url, { range: "bytes=10-19" });
    expect([part.status, part.bytes]).toEqual([206, photo.subarray(10, 20)]);
    expect((await fetchFile(attachment.url, { range: `bytes=${photo.length}-` })).status).toBe(416);
    const etag = part.headers.get("etag")!;
    expect((await fetchFile(attachment.url, { "if-none-match": etag })).status).toBe(304);
    const head = await fetchFile(attachment.url, {}, "HEAD");
    expect([head.status, head.headers.get("content-length"), head.bytes.length]).toEqual([
      200,
      String(photo.length),
      0,
    ]);
  });

  it("is written down with the person that the signature names", async () => {
    await fetchFile(attachment.url);
    const entries = await auditEntries(attachment.id);
    expect(entries.at(-1)).toEqual({ action: "attachment.downloaded", actor_id: world.people.requester.id });
  });

  it("is not written down when no byte was given", async () => {
    const before = await auditEntries(attachment.id);
    await fetchFile(attachment.url, { "if-none-match": "*" });
    await fetchFile(path(attachment.url));
    expect(await auditEntries(attachment.id)).toEqual(before);
  });

  it.each([
    ["no credentials", () => [path(attachment.url), {}], 401, "UNAUTHENTICATED"],
    ["a token that is none", () => [path(attachment.url), bearer("abc.def.ghi")], 401, "UNAUTHENTICATED"],
    ["a changed signature", () => [withChangedSignature(attachment.url), {}], 403, "FORBIDDEN"],
    [
      "another person's id under the signature",
      () => [attachment.url.replace(/viewer=[^&]+/, `viewer=${world.people.admin.id}`), {}],
      403,
      "FORBIDDEN",
    ],
    [
      "the signature of another file",
      () => [`${path(mediaUrl)}?${attachment.url.split("?")[1]}`, {}],
      403,
      "FORBIDDEN",
    ],
    [
      "an id that does not exist",
      () => [path(attachment.url).replace(attachment.id, ticketId), bearer(world.people.requester.token)],
      404,
      "NOT_FOUND",
    ],
    [
      "an id that is none",
      () => [
        path(attachment.url).replace(attachment.id, "..%2F..%2Fetc"),
        bearer(world.people.requester.token),
      ],
      404,
      "NOT_FOUND",
    ],
    [
      "a person of another company",
      () => [path(attachment.url), bearer(world.people.stranger.token)],
      404,
      "NOT_FOUND",
    ],
    [
      "the file itself, for a stranger",
      () => [path(mediaUrl), bearer(world.people.stranger.token)],
      404,
      "NOT_FOUND",
    ],
  ] as const)("is refused with %s", async (_what, request, status, code) => {
    const [url, headers] = request() as [string, Record<string, string>];
    const answer = await fetchFile(url, headers);
    expect([answer.status, answer.error?.code]).toEqual([status, code]);
  });

  it("ends with the membership of the person that it was signed for", async () => {
    const { participant } = world.people;
    await world.addParticipant(ticketId, participant);
    const { data } = await world.server.gql<{ attachment: { url: string; mediaFile: { url: string } } }>(
      "query ($id: ID!) { attachment(id: $id) { url mediaFile { url } } }",
      { id: attachment.id },
      participant.token,
    );
    const { url, mediaFile } = data!.attachment;
    expect((await fetchFile(url)).status).toBe(200);
    expect((await fetchFile(mediaFile.url)).status).toBe(200);
    await world.server.gql(
      "mutation ($input: ParticipantInput!) { removeParticipant(input: $input) { id } }",
      { input: { ticketId, userId: participant.id } },
      world.people.agent.token,
    );
    expect((await fetchFile(url)).status).toBe(404);
    expect((await fetchFile(mediaFile.url)).status).toBe(404);
  });

  it.each([
    ["the attachment", () => ["deleteAttachment", "restoreAttachment", attachment.id]],
    ["its ticket", () => ["deleteTicket", "restoreTicket", ticketId]],
  ] as const)(
    "is gone at once with %s, by both of its URLs, and comes back with it",
    async (_what, names) => {
      const [remove, restore, id] = names() as [string, string, string];
      const { requester, manager } = world.people;
      const by = remove === "deleteTicket" ? manager : requester;
      await mutate(remove, id, by);
      for (const url of [attachment.url, mediaUrl]) {
        const answer = await fetchFile(url);
        expect([answer.status, answer.error.code]).toEqual([410, "GONE"]);
      }
      expect((await fetchFile(path(attachment.url), bearer(world.people.stranger.token))).status).toBe(404);
      await mutate(restore, id, by);
      for (const url of [attachment.url, mediaUrl]) expect((await fetchFile(url)).status).toBe(200);
    },
  );

  it.each([
    ["PENDING", 423, "FILE_NOT_SCANNED"],
    ["QUARANTINED", 403, "FILE_INFECTED"],
    ["INFECTED", 403, "FILE_INFECTED"],
  ])("of a file that is %s answers %i", async (scanStatus, status, code) => {
    const { sql } = world.server.database;
    const set = (to: string) =>
      sql`update blobs set scan_status = ${to}::scan_status where id in
        (select blob_id from media_files m join attachments a on a.media_file_id = m.id where a.id = ${attachment.id})`;
    await set(scanStatus);
    const answer = await fetchFile(attachment.url);
    await set("NOT_SCANNED");
    expect([answer.status, answer.error.code]).toEqual([status, code]);
    expect(answer.headers.get("retry-after")).toBe(status === 423 ? "60" : null);
  });

  it("keeps to its number in a minute", async () => {
    const limited = await startTicketWorld({ env: { DOWNLOADS_PER_MINUTE: "2" } });
    try {
      const { data } = await limited.server.gql<{
        tickets: { nodes: { attachments: { nodes: { url: string }[] } }[] };
      }>("{ tickets { nodes { attachments { nodes { url } } } } }", {}, limited.people.agent.token);
      const url = data!.tickets.nodes.flatMap((ticket) => ticket.attachments.nodes)[0]!.url;
      const answers = [await fetchFile(url), await fetchFile(url), await fetchFile(url)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      const retryAfter = Number(answers[2]!.headers.get("retry-after"));
      expect(retryAfter).toBeGreaterThan(0);
      expect(answers[2]!.error).toMatchObject({
        code: "RATE_LIMITED",
        policy: "downloads",
        limit: 2,
        retryAfter,
      });
      const left = answers.map(
        ({ headers }) => /^"downloads";r=(\d);t=\d+$/.exec(headers.get("ratelimit")!)?.[1],
      );
      expect(left).toEqual(["1", "0", "0"]);
      expect(answers[0]!.headers.get("ratelimit-policy")).toBe('"downloads";q=2;w=60');
      expect(answers[0]!.headers.get("access-control-expose-headers")).toContain(
        "ratelimit, ratelimit-policy",
      );
    } finally {
      await limited.close();
    }
  });
});
