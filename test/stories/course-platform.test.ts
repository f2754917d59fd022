import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gql } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { createKey } from "../support/api-keys.js";
import { importFrom } from "../support/import-run.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { fixture, makeJpeg, makePng } from "../support/make-files.js";
import { lookAt } from "../support/make-pictures.js";
import { rendered } from "../support/render-pending.js";
import { bearer, createClient } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";
import type { WebhookReceiver } from "../support/webhook-receiver.js";
import { startWebhookReceiver, until } from "../support/webhook-receiver.js";
import { createWebhook } from "../support/webhooks.js";

/*
 * A course platform with a backend of its own keeps its images and videos in Filedesk: by an API key and its own ids,
 * without an account for any of its visitors.
 */

const HOUR_MS = 3_600_000;

let world: TicketWorld;
let companyId: string;
let receiver: WebhookReceiver;
let secret: string;
/** What the backend keeps: its key. */
let key: string;

const asFile = (bytes: Buffer, name: string) => new File([new Uint8Array(bytes)], name);

interface Usage {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly fieldName: string;
  readonly replace?: boolean;
}

interface Uploaded {
  readonly id: string;
  readonly mimeType: string;
  readonly placeholder: string | null;
}

/** What the backend does when one of its people has chosen a file. */
async function keep(bucket: string, file: File, usage: Usage): Promise<Uploaded> {
  const { data } = await createClient(world.server.url, key).mutate<{ uploadMedia: Uploaded }>({
    mutation: gql`mutation ($input: UploadMediaInput!) { uploadMedia(input: $input) { id mimeType placeholder } }`,
    variables: { input: { companyId, bucket, file, usage } },
  });
  return data!.uploadMedia;
}

async function ask<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
  const { data, errors } = await world.server.gql<Data>(query, { companyId, ...variables }, key);
  if (errors || !data) throw new Error(JSON.stringify(errors));
  return data;
}

interface Shown {
  readonly id: string;
  readonly fileName: string;
  readonly duration: number | null;
  readonly variantsStatus: string;
  readonly signedUrl: { readonly url: string; readonly expiresAt: string };
  readonly variant: { readonly signedUrl: { readonly url: string } } | null;
}

/** "The thumbnail of course 17": what a page of the platform shows, for all of its resources in one query. */
async function shown(resourceType: string, fieldName: string, resourceIds: readonly string[]) {
  const { mediaUsages } = await ask<{ mediaUsages: { nodes: { resourceId: string; mediaFile: Shown }[] } }>(
    `query ($companyId: ID!, $resourceType: String!, $resourceIds: [ID!]!, $fieldName: String) {
      mediaUsages(companyId: $companyId, resourceType: $resourceType, resourceIds: $resourceIds, fieldName: $fieldName) {
        nodes { resourceId mediaFile {
          id fileName duration variantsStatus
          signedUrl(expiresInMinutes: 60, inline: true) { url expiresAt }
          variant(name: "medium") { signedUrl(expiresInMinutes: 60) { url } }
        } }
      }
    }`,
    { resourceType, fieldName, resourceIds },
  );
  return new Map(mediaUsages.nodes.map(({ resourceId, mediaFile }) => [resourceId, mediaFile]));
}

/** A visitor of the platform, who has no account anywhere. */
async function visit(url: string) {
  const response = await fetch(url);
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

const orphans = async () =>
  (
    await ask<{ orphanedMediaFiles: { nodes: { id: string }[] } }>(
      "query ($companyId: ID!) { orphanedMediaFiles(companyId: $companyId, olderThanDays: 0) { nodes { id } } }",
    )
  ).orphanedMediaFiles.nodes.map(({ id }) => id);

/** Types and files of what the webhook has told, in the order of the library. */
const told = () =>
  receiver.received.map(({ event }) => `${event.type} ${event.data.mediaFileId ?? ""}`.trim());

describe("a course platform with a backend of its own", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { WORKER: "on", WEBHOOK_ALLOWED_HOSTS: "127.0.0.1" } });
    companyId = await world.newCompany();
    receiver = await startWebhookReceiver();
    const { manager } = world.people;
    key = (await createKey(world.server, manager.token, { companyId, scopes: ["READ", "UPLOAD", "MANAGE"] }))
      .token;
    const hook = { companyId, url: receiver.url };
    const eventKinds = ["FILE_ADDED", "FILE_UPDATED", "FILE_VARIANTS_READY", "FILE_PURGED"] as const;
    secret = (await createWebhook(world.server, manager.token, { ...hook, eventKinds })).secret;
  });

  afterAll(async () => {
    const { database, dataFolder } = world.server;
    await rendered(world.server);
    expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
    await receiver.close();
    await world.close();
  });

  const files: Record<string, string> = {};

  it("keeps thumbnails, banners, lesson videos and avatars by its own ids", async () => {
    const photo = async (width: number) => asFile(await makeJpeg({ width, height: 900 }), "photo.jpg");
    const kept = await Promise.all([
      keep("PUBLIC_PAGES", await photo(1_600), {
        ...{ resourceType: "course", resourceId: "17", fieldName: "thumbnail" },
      }),
      keep("PUBLIC_PAGES", await photo(1_500), {
        ...{ resourceType: "course", resourceId: "18", fieldName: "thumbnail" },
      }),
      keep("PUBLIC_PAGES", asFile(await makePng({ width: 1_400, height: 300 }), "banner.png"), {
        ...{ resourceType: "page", resourceId: "home", fieldName: "banner" },
      }),
      keep("VIDEOS", asFile(fixture("clip.mp4"), "lesson 3.mp4"), {
        ...{ resourceType: "lesson", resourceId: "17.3", fieldName: "video" },
      }),
      keep("PHOTOS", await photo(1_300), {
        ...{ resourceType: "learner", resourceId: "ada", fieldName: "avatar" },
      }),
    ]);
    expect(kept.map(({ mimeType }) => mimeType)).toEqual([
      "image/jpeg",
      "image/jpeg",
      "image/png",
      "video/mp4",
      "image/jpeg",
    ]);
    for (const { placeholder, mimeType } of kept)
      if (mimeType.startsWith("image/")) expect(placeholder).toEqual(expect.any(String));
    Object.assign(files, {
      course17: kept[0]!.id,
      course18: kept[1]!.id,
      banner: kept[2]!.id,
      lesson: kept[3]!.id,
      avatar: kept[4]!.id,
    });
    expect(await orphans()).toEqual([]);
  });

  it("shows them to visitors by signed URLs for an hour, for many of its resources in one query", async () => {
    await until("the thumbnails are rendered", async () =>
      [...(await shown("course", "thumbnail", ["17", "18"])).values()].every(
        ({ variantsStatus }) => variantsStatus === "READY",
      ),
    );
    const thumbnails = await shown("course", "thumbnail", ["17", "18", "99"]);
    expect([...thumbnails.keys()].sort()).toEqual(["17", "18"]);
    const { id, signedUrl, variant } = thumbnails.get("17")!;
    expect(id).toBe(files.course17);
    const lifetime = Date.parse(signedUrl.expiresAt) - Date.now();
    expect(lifetime).toBeGreaterThan(HOUR_MS - 60_000);
    expect(lifetime).toBeLessThan(2 * HOUR_MS);
    const medium = await visit(variant!.signedUrl.url);
    expect(medium.status).toBe(200);
    expect(await lookAt(medium.bytes)).toMatchObject({ format: "jpeg", width: 800, height: 450 });
    for (const [type, field, resource] of [
      ["page", "banner", "home"],
      ["lesson", "video", "17.3"],
      ["learner", "avatar", "ada"],
    ] as const) {
      const page = await shown(type, field, [resource]);
      const { status, headers } = await visit(page.get(resource)!.signedUrl.url);
      expect([type, status, headers.get("content-disposition")?.split(";")[0]]).toEqual([
        type,
        200,
        "inline",
      ]);
    }
    const lesson = (await shown("lesson", "video", ["17.3"])).get("17.3")!;
    expect(lesson.duration).toBeGreaterThan(0);
    const range = await fetch(lesson.signedUrl.url, { headers: { range: "bytes=0-99" } });
    expect([range.status, (await range.arrayBuffer()).byteLength]).toEqual([206, 100]);
    // Without the signature there is nothing for them.
    expect((await visit(signedUrl.url.split("?")[0]!)).status).toBe(401);
  });

  it("replaces a thumbnail, and finds what is used no more", async () => {
    const { id } = await keep(
      "PUBLIC_PAGES",
      asFile(await makeJpeg({ width: 1_000, height: 500 }), "new.jpg"),
      {
        ...{ resourceType: "course", resourceId: "17", fieldName: "thumbnail", replace: true },
      },
    );
    const page = await shown("course", "thumbnail", ["17"]);
    expect([page.size, page.get("17")!.id]).toEqual([1, id]);
    expect(await orphans()).toEqual([files.course17]);
    const input = { companyId, olderThanDays: 0 };
    const PURGE =
      "mutation ($input: PurgeOrphanedMediaInput!) { purgeOrphanedMedia(input: $input) { files dryRun } }";
    expect(await ask(PURGE, { input: { ...input, dryRun: true } })).toEqual({
      purgeOrphanedMedia: { files: 1, dryRun: true },
    });
    expect(await ask(PURGE, { input: { ...input, dryRun: false } })).toEqual({
      purgeOrphanedMedia: { files: 1, dryRun: false },
    });
    expect(await orphans()).toEqual([]);
    files.newThumbnail = id;
  });

  it("changes the content of a banner, whose id and usages stay", async () => {
    const before = (await shown("page", "banner", ["home"])).get("home")!;
    await createClient(world.server.url, key).mutate({
      mutation: gql`mutation ($input: ReplaceMediaFileInput!) { replaceMediaFile(input: $input) { id } }`,
      variables: {
        input: { id: before.id, file: asFile(await makePng({ width: 1_440, height: 310 }), "banner-2.png") },
      },
    });
    await until("the new banner is rendered", async () => {
      const { variantsStatus } = (await shown("page", "banner", ["home"])).get("home")!;
      return variantsStatus === "READY";
    });
    const after = (await shown("page", "banner", ["home"])).get("home")!;
    expect(after.id).toBe(files.banner);
    const { bytes } = await visit(after.variant!.signedUrl.url);
    expect(await lookAt(bytes)).toMatchObject({ width: 800 });
    const { mediaFile } = await ask<{ mediaFile: { versions: unknown[] } }>(
      "query ($id: ID!) { mediaFile(id: $id) { versions { fileName } } }",
      { id: files.banner },
    );
    expect(mediaFile.versions).toEqual([{ fileName: "banner.png" }]);
  });

  it("hears of it all by its webhook, signed and in order", async () => {
    await until("the last of it is told", () => told().includes(`file.variants-ready ${files.newThumbnail}`));
    const verifier = new Webhook(secret);
    for (const { body, headers } of receiver.received)
      expect(() => verifier.verify(body, headers as Record<string, string>)).not.toThrow();
    const sequences = receiver.received.map(({ event }) => event.sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    const ofFile = (id: string) => told().filter((line) => line.endsWith(id));
    for (const id of [files.course17!, files.course18!, files.banner!, files.lesson!, files.avatar!])
      expect(ofFile(id)[0]).toBe(`file.added ${id}`);
    expect(ofFile(files.course17!)).toContain(`file.purged ${files.course17}`);
    expect(ofFile(files.banner!)).toContain(`file.updated ${files.banner}`);
  });

  it("moves in with a table of old URLs, whose addresses stay alive", async () => {
    const pictures = new Map([
      ["/uploads/courses/19.jpg", await makeJpeg({ width: 700, height: 400 })],
      ["/uploads/courses/20 große.jpg", await makeJpeg({ width: 640, height: 480 })],
    ]);
    const old = createServer((request, response) => {
      const bytes = pictures.get(decodeURI(request.url!));
      response.writeHead(bytes ? 200 : 404, { "content-type": "image/jpeg" }).end(bytes);
    });
    await new Promise<void>((listening) => old.listen(0, "127.0.0.1", listening));
    const { port } = old.address() as AddressInfo;
    const [row] = await world.server.database.sql<{ slug: string }[]>`
      select slug from companies where id = ${companyId}`;
    // As spreadsheets write it.
    const table = [
      "source;bucket;company;resourceType;resourceId;fieldName;legacyPath",
      ...["19", "20", "21"].map((id) => {
        const path = id === "20" ? "/uploads/courses/20 große.jpg" : `/uploads/courses/${id}.jpg`;
        const url = `http://127.0.0.1:${port}${encodeURI(path)}`;
        return `${url};PUBLIC_PAGES;${row!.slug};course;${id};thumbnail;${path}`;
      }),
    ].join("\r\n");
    const options = { as: "manager@acme.test", allowedHosts: ["127.0.0.1"] };
    const run = () => importFrom(world.server, { files: {}, entries: table }, options);
    const first = await run();
    expect(first.summary).toMatchObject({ imported: 2, known: 0, failed: 1 });
    expect(first.events.filter(({ event }) => event === "failed")).toMatchObject([
      { line: 4, code: "SOURCE_BAD_ANSWER" },
    ]);
    const again = await run();
    expect(again.summary).toMatchObject({ imported: 0, known: 2, failed: 1 });
    old.close();
    const found = await shown("course", "thumbnail", ["19", "20", "21"]);
    await rendered(world.server);
    expect([...found.keys()].sort()).toEqual(["19", "20"]);
    for (const [id, path] of [
      ["19", "/uploads/courses/19.jpg"],
      ["20", "/uploads/courses/20 große.jpg"],
    ] as const) {
      const address = `${world.server.url}/legacy${encodeURI(path)}`;
      const response = await fetch(address, { headers: bearer(key), redirect: "manual" });
      expect(response.status).toBe(307);
      expect(response.headers.get("location")).toContain(found.get(id)!.id);
      const followed = await visit(new URL(response.headers.get("location")!, address).href);
      expect(followed.status).toBe(200);
    }
  });

  it("shows a visitor nothing any more when the key is revoked", async () => {
    const { signedUrl } = (await shown("learner", "avatar", ["ada"])).get("ada")!;
    expect((await visit(signedUrl.url)).status).toBe(200);
    const { manager } = world.people;
    const { data } = await world.server.gql<{ apiKeys: { nodes: { id: string }[] } }>(
      "query ($companyId: ID!) { apiKeys(companyId: $companyId) { nodes { id } } }",
      { companyId },
      manager.token,
    );
    for (const { id } of data!.apiKeys.nodes)
      await world.server.gql("mutation ($id: ID!) { revokeApiKey(id: $id) { id } }", { id }, manager.token);
    expect([401, 403]).toContain((await visit(signedUrl.url)).status);
  });
});
