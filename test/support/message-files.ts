import { pino } from "pino";
import type { Sql } from "postgres";
import { files as incoming } from "../../src/app/demo/demo-files.js";
import { createHttp } from "../../src/app/server/http.js";
import { createLibrary } from "../../src/app/wiring/library.js";
import { systemClock } from "../../src/kernel/clock.js";
import { createAttachmentLoaders } from "../../src/modules/attachments/attachment.loaders.js";
import { createAttachmentService } from "../../src/modules/attachments/attachment.service.js";
import { createAttachmentAccess } from "../../src/modules/attachments/attachment-access.js";
import { createAttachmentDeletionService } from "../../src/modules/attachments/attachment-deletion.service.js";
import type { AttachmentEvent, AttachmentParents, ParentRef } from "../../src/modules/attachments/parents.js";
import { parentsByKind } from "../../src/modules/attachments/parents.js";
import type { Actor, Viewer } from "../../src/modules/identity/viewer.js";
import { isMemberOf } from "../../src/modules/identity/viewer.js";
import { createMediaFileService } from "../../src/modules/media/media-file.service.js";
import { readConfig } from "../../src/platform/config/config.js";

import type { TestServer } from "./test-server.js";

/** What was said to have become of a message's attachment. */
export type Told = AttachmentEvent & { readonly parent: ParentRef };

export interface MessageFiles {
  /** Where the desk with messages is reached. */
  readonly url: string;
  readonly told: Told[];
  readonly services: ReturnType<typeof servicesWithMessages>;
  /** Attaches files to a message, as sending it does. @returns the attachments' ids */
  attach(by: Actor, messageId: string, ...files: { name: string; bytes: Buffer }[]): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * A second door to a test server's desk, at which messages carry attachments without any chat: whoever is of a
 * message's company, or a guest of its conversation, reads it.
 */
export async function openMessageFiles(server: TestServer): Promise<MessageFiles> {
  const { database, feed } = server;
  const told: Told[] = [];
  const services = servicesWithMessages(server, told);
  const config = readConfig({ NODE_ENV: "test" });
  const http = await createHttp({ config, services, database, feed, log: pino({ level: "silent" }) });
  return {
    url: await http.listen({ host: "127.0.0.1", port: 0 }),
    told,
    services,
    async attach(by, messageId, ...files) {
      const [message] = await database.sql`select company_id from chat_messages where id = ${messageId}`;
      const companyId: string = message!.company_id;
      const parent = { kind: "message", id: messageId } as const;
      return services.ingest.ingestFiles({
        viewer: by,
        companyId,
        bucket: "CHAT",
        incoming: incoming(...files),
        permit: null,
        inTransaction: (tx, recorded) =>
          services.attachments.attachFiles(tx, {
            viewer: by,
            companyId,
            parent,
            files: recorded,
            description: null,
          }),
      });
    },
    close: () => http.close(),
  };
}

function servicesWithMessages({ services, database: { db, sql } }: TestServer, told: Told[]) {
  const { storage, ingest, jobs } = services;
  const parents = parentsByKind({ message: messageParents(sql, told) });
  const assertMayRemove = async () => {};
  const deps = { db, parents, clock: systemClock, retentionDays: 14, assertMayRemove };
  const finding = {
    ...deps,
    decideAccess: createAttachmentAccess(deps),
    findShared: async () => null,
  };
  const library = createLibrary({ ...finding, background: db, storage, ingest, jobs, orphanDays: 30 });
  return {
    ...services,
    ...library.services,
    mediaFiles: createMediaFileService(finding),
    attachments: createAttachmentService(deps),
    attachmentDeletions: createAttachmentDeletionService(deps),
    loaders: {
      ...services.loaders,
      attachments: createAttachmentLoaders(deps),
      ...library.loaders,
    },
  };
}

function messageParents(sql: Sql, told: Told[]): AttachmentParents {
  const mayRead = (viewer: Viewer, row: { company_id: string; conversation_id: string }) =>
    viewer.kind === "guest"
      ? viewer.conversationId === row.conversation_id
      : isMemberOf(viewer, row.company_id);
  return {
    async statesFor(_db, viewer, parents) {
      const rows = await sql<
        { id: string; company_id: string; conversation_id: string; deleted_at: unknown }[]
      >`
        select id, company_id, conversation_id, deleted_at from chat_messages
        where id = any(${parents.map(({ id }) => id)})`;
      const readable = rows.filter((row) => mayRead(viewer, row));
      return new Map(
        readable.map(({ id, deleted_at: deletedAt }) => [id, deletedAt === null ? "readable" : "deleted"]),
      );
    },
    async lock() {},
    async countFiles() {},
    async onAttachmentChanged(_tx, parent, happening) {
      told.push({ parent, ...happening });
    },
  };
}
