import { readdir } from "node:fs/promises";
import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import {
  EditMessageDocument,
  ReplaceMediaFileDocument,
  SetAvatarDocument,
  UploadTicketAttachmentsDocument,
} from "../support/generated/operations.js";
import { filesUnder } from "../support/inventory.js";
import { fileOf, uploadMedia } from "../support/library-world.js";
import { makeJpeg } from "../support/make-files.js";
import { BOUNDARY, multipartBody } from "../support/multipart-body.js";
import { renderPending } from "../support/render-pending.js";
import { patchBytes, stageFile, startUpload, TUS, tusRequest } from "../support/staged-uploads.js";
import { bearer, codeIn, codeOf } from "../support/test-client.js";
import { textFile } from "../support/ticket-world.js";

/**
 * Holes that other servers for uploads and chats have had, tried here. Those that take more than a request have tests of
 * their own: imports of internal addresses (`platform/http/outgoing/public-address.test.ts`, `import-urls`), path escapes
 * (`hostile-paths.test.ts`), errors of a scanner (`platform/scanner/clamd.test.ts`), and scanners that another storage
 * skips (`modules/media/scanning/scanning.test.ts`, which CI also runs with the files in S3).
 */
describe("a hole that others have had:", () => {
  let world: ChatWorld;
  let companyId: string;
  let ticketId: string;

  beforeAll(async () => {
    world = await startChatWorld();
  });
  afterAll(() => world?.close());
  beforeEach(async () => {
    companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });

  const people = () => world.people;
  const stored = async () => (await filesUnder(`${world.server.dataFolder}/files`)).length;

  it("bytes that are written before the permission is checked", async () => {
    const before = await stored();
    const query = `mutation ($input: UploadTicketAttachmentsInput!) { uploadTicketAttachments(input: $input) { id } }`;
    const beginning = multipartBody([
      {
        name: "operations",
        content: JSON.stringify({ query, variables: { input: { ticketId, files: [null] } } }),
      },
      { name: "map", content: '{"0":["variables.input.files.0"]}' },
      { name: "0", fileName: "a.txt", content: "x".repeat(100_000) },
    ]);
    const { port } = new URL(world.server.url);
    const status = await new Promise<number>((resolve, reject) => {
      const sending = request(
        {
          port,
          path: "/graphql",
          method: "POST",
          headers: {
            "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
            "content-length": String(50_000_000),
            ...bearer(people().customer.token),
          },
        },
        (response) => {
          resolve(response.statusCode ?? 0);
          response.resume();
          sending.destroy();
        },
      );
      sending.on("error", reject);
      // The rest never comes: who waits for it before the answer answers nothing.
      sending.write(beginning.subarray(0, 50_000));
    });
    expect(status).toBe(404);
    expect(await stored()).toBe(before);
    expect(await readdir(`${world.server.dataFolder}/files/.tmp`, { recursive: true })).not.toContainEqual(
      expect.stringContaining("/"),
    );
  });

  it("keys, owners and names in the storage that a client chooses", async () => {
    const token = people().requester.token;
    for (const field of ["storageKey", "uploaderId", "companyId", "path", "url"]) {
      const query = `mutation ($input: UploadTicketAttachmentsInput!) { uploadTicketAttachments(input: $input) { id } }`;
      const input = { ticketId, files: [], [field]: "../../etc/passwd" };
      expect(codeIn(await world.server.gql(query, { input }, token))).toBe("BAD_USER_INPUT");
    }
    const { url } = await startUpload(
      { url: world.server.url, token },
      { bucket: "ATTACHMENTS", ticketId, fileName: "../../../etc/cron.d/a.txt", size: 5 },
    );
    const metadata = `filename ${Buffer.from("/etc/passwd").toString("base64")},owner ${Buffer.from(people().admin.id).toString("base64")}`;
    await patchBytes(url, token, Buffer.from("hello"), { headers: { "upload-metadata": metadata } });
    const names = await filesUnder(`${world.server.dataFolder}/files`);
    expect(names.filter((name) => name.includes(companyId))).toEqual([
      expect.stringMatching(/originals\/[0-9a-f-]{36}\.txt$/),
    ]);
    expect(names.join()).not.toMatch(/passwd|cron/);
  });

  it("overwriting somebody's upload, or a finished one, over the resumable door", async () => {
    const { requester, participant, agent, outsideManager } = people();
    const at = { url: world.server.url, token: requester.token };
    const { id, url } = await startUpload(at, {
      bucket: "ATTACHMENTS",
      ticketId,
      fileName: "a.txt",
      size: 10,
    });
    for (const { token } of [participant, agent, outsideManager])
      expect((await patchBytes(url, token, Buffer.from("evil."))).status).toBe(404);
    expect((await patchBytes(url, requester.token, Buffer.from("good."))).status).toBe(204);
    // What has arrived is not written again.
    expect((await patchBytes(url, requester.token, Buffer.from("evil."))).status).toBe(409);
    expect((await patchBytes(url, requester.token, Buffer.from("text."), { offset: 5 })).status).toBe(204);
    for (const offset of [0, 5, 10])
      expect(
        (await patchBytes(url, requester.token, Buffer.from("evil."), { offset })).status,
      ).toBeGreaterThan(400);
    const { data } = await world.server.gql(
      UploadTicketAttachmentsDocument,
      { input: { ticketId, stagedUploadIds: [id] } },
      requester.token,
    );
    const [attachment] = data!.uploadTicketAttachments;
    const put = await tusRequest(url, { method: "PUT", token: requester.token, headers: TUS, body: "evil" });
    expect(put.status).toBeGreaterThan(400);
    const response = await fetch(attachment!.url, { headers: bearer(requester.token) });
    expect(await response.text()).toBe("good.text.");
  });

  it("a second way in that skips the check of the type", async () => {
    const { requester, manager } = people();
    const program = Buffer.concat([
      Buffer.from("MZ\x90\x00\x03\x00\x00\x00", "latin1"),
      Buffer.alloc(2_000, 7),
    ]);
    const page = Buffer.from("<html><script>alert(1)</script></html>");
    const harmless = await uploadMedia(manager, { companyId, file: fileOf("a.txt", "hello") });
    for (const bytes of [program, page]) {
      const file = () => fileOf("a.pdf", bytes);
      const refused = /^(UNSUPPORTED_FILE_TYPE|FILE_TYPE_MISMATCH|CORRUPT_FILE)$/;
      expect(await codeOf(world.attach(requester, { ticketId, files: [file()] }))).toMatch(refused);
      expect(await codeOf(uploadMedia(manager, { companyId, file: file() }))).toMatch(refused);
      const replacing = manager.client.mutate({
        mutation: ReplaceMediaFileDocument,
        variables: { input: { id: harmless.id, file: file() } },
      });
      expect(await codeOf(replacing)).toMatch(refused);
      const avatar = requester.client.mutate({ mutation: SetAvatarDocument, variables: { file: file() } });
      expect(await codeOf(avatar)).toMatch(refused);
      const by = { url: world.server.url, token: requester.token };
      await expect(
        stageFile(by, { bucket: "ATTACHMENTS", ticketId, fileName: "a.pdf" }, bytes),
      ).rejects.toThrow(/answered with 4(15|22)/);
    }
  });

  it("a MIME type with parameters, or with another one behind it", async () => {
    const types = [
      "image/png; charset=x",
      "image/png, text/html",
      "text/html;image/png",
      "image/svg+xml",
      "IMAGE/PNG\t",
    ];
    for (const type of types) {
      const file = new File(["<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"], "a.png", {
        type,
      });
      expect(await codeOf(world.attach(people().requester, { ticketId, files: [file] }))).toBe(
        "UNSUPPORTED_FILE_TYPE",
      );
      const honest = new File(["plain text"], "a.txt", { type });
      const [attachment] = await world.attach(people().requester, { ticketId, files: [honest] });
      const response = await fetch(`${attachment!.url}&inline`);
      expect(response.headers.get("content-type")).toMatch(/^text\/plain; charset=/);
    }
  });

  it("metadata or variants that skip the permission", async () => {
    const [attachment] = await world.attach(people().requester, {
      ticketId,
      files: [fileOf("a.jpg", await makeJpeg())],
    });
    await renderPending(world.server);
    const query = `query ($id: ID!) { attachment(id: $id) { mediaFile { id } } }`;
    const { data } = await world.server.gql<{ attachment: { mediaFile: { id: string } } }>(
      query,
      { id: attachment!.id },
      people().requester.token,
    );
    const { id } = data!.attachment.mediaFile;
    const paths = [
      ...["", "large/", "medium/", "thumbnail/", "poster/"].flatMap((variant) => [
        `files/${id}/${variant}a.jpg`,
        `attachments/${attachment!.id}/${variant}a.jpg`,
      ]),
      ...["large", "medium", "thumbnail"].map((variant) => `public/${id}/${variant}/a.jpg`),
    ];
    for (const { token } of [people().customer, people().outsideManager])
      for (const path of paths)
        for (const method of ["GET", "HEAD"]) {
          const response = await fetch(`${world.server.url}/${path}`, { method, headers: bearer(token) });
          expect({ path, status: response.status }).toEqual({ path, status: 404 });
        }
    const details = `query ($id: ID!) { mediaFile(id: $id) { metadata { cameraModel } sha256 width variants { url } } }`;
    for (const { token } of [people().customer, people().outsideManager])
      expect((await world.server.gql(details, { id }, token)).data).toEqual({ mediaFile: null });
  });

  it("links to files that are forged in messages", async () => {
    const { agent, requester, participant } = people();
    const secret = await uploadMedia(people().manager, { companyId, file: fileOf("a.txt", "secret") });
    const room = await world.start({ companyId, participantIds: [participant.id] });
    const body = `<img src="/files/${secret.id}/a.txt"> [a](${world.server.url}/files/${secret.id}/a.txt) {"fileUrl":"${secret.id}"}`;
    const said = await world.say(participant, room, body);
    expect(said).toMatchObject({ body, attachments: { nodes: [] } });
    expect(
      (await fetch(`${world.server.url}/files/${secret.id}/a.txt`, { headers: bearer(participant.token) }))
        .status,
    ).toBe(404);
    // Nor is a file of somebody else taken for an upload of one's own.
    const staged = await stageFile(
      { url: world.server.url, token: agent.token },
      { bucket: "CHAT", conversationId: room, fileName: "b.txt" },
      Buffer.from("theirs"),
    );
    for (const id of [secret.id, staged]) {
      const forged = world.say(participant, room, { body: "mine", stagedUploadIds: [id] });
      expect(await codeOf(forged)).toMatch(/^(NOT_FOUND|BAD_USER_INPUT)$/);
    }
    expect(requester.id).not.toBe(participant.id);
  });

  it("editing somebody else's message", async () => {
    const { agent, manager, admin, participant } = people();
    const room = await world.start({ companyId, participantIds: [participant.id] });
    const { id } = await world.say(participant, room, "As I said");
    for (const { token } of [agent, manager, admin]) {
      const input = { id, body: "As I never said" };
      expect(codeIn(await world.server.gql(EditMessageDocument, { input }, token))).toBe("FORBIDDEN");
    }
    const { messages } = await world.read(participant, room);
    expect(messages.nodes.map(({ body }) => body)).toEqual(["As I said"]);
  });

  it("amplification by aliases, fragments and directives", async () => {
    const token = people().customer.token;
    const times = (count: number, text: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => text(n)).join(" ");
    const nested = (depth: number) =>
      times(
        depth,
        (n) => `fragment F${n} on Query { ...F${n + 1} a${n}: viewer { user { id } } ...F${n + 1} }`,
      );
    const documents = [
      `{ ${times(2_000, (n) => `a${n}: tickets(first: 100) { nodes { id } }`)} }`,
      `{ ...F0 } ${nested(40)} fragment F40 on Query { viewer { user { id } } }`,
      `{ viewer ${times(5_000, () => "@skip(if: false)")} { user { id } } }`,
      `{ tickets(first: 100) { nodes { attachments { nodes { ticket { attachments { nodes { ticket { attachments { nodes { id } } } } } } } } } } }`,
      `{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`,
    ];
    for (const query of documents) {
      const answer = await world.server.gql(query, {}, token);
      expect(codeIn(answer)).toMatch(
        /^(QUERY_TOO_COMPLEX|BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED|GRAPHQL_PARSE_FAILED)$/,
      );
    }
  });

  it("SVG and HTML that run under the origin of the files", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="alert(1)"><script>alert(1)</script></svg>`;
    const drawing = await uploadMedia(people().manager, {
      companyId,
      bucket: "PUBLIC_PAGES",
      file: fileOf("a.svg", svg),
    });
    const report = fileOf(
      "a.xls",
      `<html><body><script>alert(1)</script><table><tr><td>1</td></tr></table></body></html>`,
    );
    const [page] = await world.attach(people().requester, { ticketId, files: [report] });
    const plain = await world.attach(people().requester, { ticketId, files: [textFile()] });
    for (const url of [page!.url, `${page!.url}&inline`, drawing.url, `${plain[0]!.url}&inline`]) {
      const { headers, status } = await fetch(url);
      expect(headers.get("content-type")).not.toMatch(/html|svg|xml|javascript/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toMatch(
        status === 200 ? /default-src 'none'.*sandbox/ : /default-src 'none'/,
      );
    }
    expect((await fetch(`${page!.url}&inline`)).headers.get("content-disposition")).toMatch(/^attachment/);
  });
});
