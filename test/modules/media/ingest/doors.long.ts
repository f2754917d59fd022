import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createImportTargets } from "../../../../src/app/wiring/imports.js";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import type { FileTypeName } from "../../../../src/modules/media/file-types.js";
import { FILE_TYPES } from "../../../../src/modules/media/file-types.js";
import type { ImportEvent } from "../../../../src/modules/media/import/media-import.service.js";
import { createMediaImportService } from "../../../../src/modules/media/import/media-import.service.js";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import type { DeskFile } from "../../../support/desk-files.js";
import { DESK_FILES } from "../../../support/desk-files.js";
import {
  ReplaceMediaFileDocument,
  UploadReplyAttachmentsDocument,
} from "../../../support/generated/operations.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { bearer } from "../../../support/test-client.js";

interface Made extends DeskFile {
  readonly bytes: Buffer;
}

const AT_ONCE = 5;
/** The kinds that browsers show and run nothing in; texts only by a text's name. */
const SAFE: ReadonlySet<FileTypeName> = new Set([
  ...(["pdf", "jpeg", "png", "gif", "webp", "bmp", "txt", "csv"] as const),
  ...(["mp4", "quicktime", "webm", "mp3", "m4a", "ogg", "wav"] as const),
]);
const { CHAT } = bucketRules();

let world: ChatWorld;
let all: readonly Made[];

const batchesOf = (files: readonly Made[]): File[][] =>
  Array.from({ length: Math.ceil(files.length / AT_ONCE) }, (_, batch) =>
    files.slice(batch * AT_ONCE, (batch + 1) * AT_ONCE).map(({ fileName, bytes }) => fileOf(fileName, bytes)),
  );

/** What the company keeps, as names with types. */
async function keptBy(companyId: string): Promise<string[]> {
  const rows = await world.server.database.sql<{ fileName: string; mimeType: string }[]>`
    select file_name as "fileName", mime_type as "mimeType" from media_files where company_id = ${companyId}`;
  return rows.map(({ fileName, mimeType }) => `${fileName} ${mimeType}`).sort();
}

const expected = (files: readonly Made[]): string[] =>
  files.map(({ fileName, type }) => `${fileName} ${FILE_TYPES[type].mimeType}`).sort();

describe("doors", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    all = await Promise.all(
      DESK_FILES.map(async (file) => ({ ...file, bytes: Buffer.from(await file.make()) })),
    );
  });

  afterAll(() => world?.close());

  describe("every file that desks really get comes in", () => {
    it("with a ticket, and to one", async () => {
      const companyId = await world.newCompany();
      const { requester } = world.people;
      const [first = [], ...others] = batchesOf(all);
      await world.openTicket(requester, { companyId, files: first });
      // A ticket takes 20 files.
      for (let at = 0; at < others.length; at += 4) {
        const { id: ticketId } = await world.openTicket(requester, { companyId });
        for (const files of others.slice(at, at + 4)) await world.attach(requester, { ticketId, files });
      }
      expect(await keptBy(companyId)).toEqual(expected(all));
    });

    it("with a reply, and to one", async () => {
      const companyId = await world.newCompany();
      const { requester, agent } = world.people;
      for (const [index, files] of batchesOf(all).entries()) {
        const { id: ticketId } = await world.openTicket(requester, { companyId });
        if (index % 2 === 0) await world.addReply(agent, { ticketId, files });
        else {
          const { id: replyId } = await world.addReply(requester, { ticketId });
          const variables = { input: { replyId, files } };
          await requester.client.mutate({ mutation: UploadReplyAttachmentsDocument, variables });
        }
      }
      expect(await keptBy(companyId)).toEqual(expected(all));
    });

    it("into the library, and what is not safe to show is for download only", async () => {
      const companyId = await world.newCompany();
      const { agent } = world.people;
      const shown: string[] = [];
      for (const { fileName, bytes } of all) {
        const { url } = await uploadMedia(agent, { companyId, file: fileOf(fileName, bytes) });
        const response = await fetch(`${url.split("?", 1)[0]}?inline`, { headers: bearer(agent.token) });
        expect([fileName, Buffer.from(await response.arrayBuffer()).equals(bytes)]).toEqual([fileName, true]);
        expect(response.headers.get("content-type")).not.toMatch(/html|xhtml|javascript/);
        if (response.headers.get("content-disposition")?.startsWith("inline")) shown.push(fileName);
      }
      expect(await keptBy(companyId)).toEqual(expected(all));
      const safe = all.filter(({ type, fileName }) => SAFE.has(type) && !/\.(xls|doc)$/.test(fileName));
      expect(shown).toEqual(safe.map(({ fileName }) => fileName));
    });

    it("by a chat, where it is taken there", async () => {
      const companyId = await world.newCompany();
      const extensionOf = (name: string) => name.slice(name.lastIndexOf(".") + 1).toLowerCase();
      const taken = all.filter(
        ({ type, fileName }) => CHAT.types.includes(type) || ["doc", "xls"].includes(extensionOf(fileName)),
      );
      const conversationId = await world.start({ companyId });
      for (const files of batchesOf(taken)) await world.say(world.people.agent, conversationId, { files });
      expect(await keptBy(companyId)).toEqual(expected(taken));
    });

    it("in place of another file", async () => {
      const companyId = await world.newCompany();
      const { agent } = world.people;
      for (const { fileName, bytes, type } of all) {
        const { id } = await uploadMedia(agent, { companyId });
        const variables = { input: { id, file: fileOf(fileName, bytes) } };
        await agent.client.mutate({ mutation: ReplaceMediaFileDocument, variables });
        const [row] = await world.server.database.sql`select mime_type from media_files where id = ${id}`;
        expect([fileName, row?.mime_type]).toEqual([fileName, FILE_TYPES[type].mimeType]);
      }
    });

    it("by an import", async () => {
      const folder = await mkdtemp(join(tmpdir(), "filedesk-doors-"));
      try {
        const lines = all.map(
          ({ fileName }, index) => `${index}-${fileName},ATTACHMENTS,acme,door,${index},file`,
        );
        for (const [index, { fileName, bytes }] of all.entries())
          await writeFile(join(folder, `${index}-${fileName}`), bytes);
        const manifest = join(folder, "manifest.csv");
        await writeFile(
          manifest,
          `source,bucket,company,resourceType,resourceId,fieldName\n${lines.join("\n")}\n`,
        );
        const { database, services } = world.server;
        const imports = createMediaImportService({
          db: database.db,
          ingest: services.ingest,
          targets: createImportTargets(services),
        });
        const failed: ImportEvent[] = [];
        const summary = await imports.importAll({
          manifest,
          baseFolder: folder,
          as: "agent@acme.test",
          atOnce: 4,
          allowedHosts: [],
          signal: new AbortController().signal,
          onEvent: (event) => event.event === "failed" && failed.push(event),
        });
        expect(failed).toEqual([]);
        expect(summary.failed).toBe(0);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  describe("what is not harmless to show", () => {
    it.each([
      ["a.txt", Buffer.from("Größe\n", "latin1"), "text/plain; charset=windows-1252", "inline"],
      ["a.csv", Buffer.from("page;Größe\n"), "text/plain; charset=utf-8", "inline"],
      ["a.json", Buffer.from("{}"), "application/json", "attachment"],
      ["a.xml", Buffer.from("<?xml version='1.0'?><a/>"), "application/xml", "attachment"],
      ["a.md", Buffer.from("# A"), "text/markdown; charset=utf-8", "attachment"],
      ["a.xls", Buffer.from("<html><script>alert(1)</script>"), "application/octet-stream", "attachment"],
      ["b.xls", Buffer.from("a;b\n"), "text/csv; charset=utf-8", "attachment"],
      ["a.doc", Buffer.from("plain\n"), "text/plain; charset=utf-8", "attachment"],
      ["a.eml", Buffer.from("From: a\nTo: b\n\nc\n"), "message/rfc822", "attachment"],
    ])(
      "is for download only, and text says how it is written: %s",
      async (name, bytes, type, disposition) => {
        const { agent } = world.people;
        const { url } = await uploadMedia(agent, {
          companyId: await world.newCompany(),
          file: fileOf(name, bytes),
        });
        const response = await fetch(`${url.split("?", 1)[0]}?inline`, { headers: bearer(agent.token) });
        expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
        expect(response.headers.get("content-type")).toBe(type);
        expect(response.headers.get("content-disposition")).toMatch(new RegExp(`^${disposition}`));
        expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      },
    );
  });
});
