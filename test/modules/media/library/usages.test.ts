import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { MediaUsageInput } from "../../../support/generated/operations.js";
import {
  AddMediaUsageDocument,
  DeleteMediaFileDocument,
  MediaFileDocument,
  RemoveMediaUsageDocument,
} from "../../../support/generated/operations.js";
import { uploadMedia } from "../../../support/library-world.js";
import { codeIn } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const add = (input: MediaUsageInput) =>
  world.server.gql(AddMediaUsageDocument, { input }, world.people.agent.token);
const remove = (input: MediaUsageInput) =>
  world.server.gql(RemoveMediaUsageDocument, { input }, world.people.agent.token);
const banner = (mediaFileId: string, more: Partial<MediaUsageInput> = {}): MediaUsageInput => ({
  mediaFileId,
  resourceType: "page",
  resourceId: "7",
  fieldName: "banner",
  ...more,
});

async function read(id: string) {
  const { data } = await world.server.gql(MediaFileDocument, { id }, world.people.agent.token);
  return data!.mediaFile!;
}

describe("usages", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("usages of resources outside", () => {
    it("are told once however often they are said, and keep the file from being deleted", async () => {
      const { id } = await uploadMedia(world.people.agent, { companyId });
      for (const _ of [1, 2]) {
        const { data } = await add(banner(id));
        expect(data?.addMediaUsage.mediaFile?.usages).toEqual([
          { resourceType: "page", resourceId: "7", fieldName: "banner" },
        ]);
      }
      await add(banner(id, { resourceType: "course", fieldName: "thumbnail" }));
      expect((await read(id)).usages).toHaveLength(2);
      const { agent } = world.people;
      const refused = await world.server.gql(DeleteMediaFileDocument, { id }, agent.token);
      expect(refused.errors?.[0]).toMatchObject({
        message: expect.stringContaining("page 7 (banner), course 7 (thumbnail)"),
        extensions: { code: "CONFLICT", usages: ["page 7 (banner)", "course 7 (thumbnail)"] },
      });
      for (const _ of [1, 2]) expect(codeIn(await remove(banner(id)))).toBe("ok");
      await remove(banner(id, { resourceType: "course", fieldName: "thumbnail" }));
      expect((await read(id)).usages).toEqual([]);
      expect(codeIn(await world.server.gql(DeleteMediaFileDocument, { id }, agent.token))).toBe("ok");
    });

    it("are of one resource in whatever letters its UUID is written, however long ago", async () => {
      const { id } = await uploadMedia(world.people.agent, { companyId });
      const resourceId = "018F2B6C-7D11-7C11-8A3B-0C2F6A5D9E10";
      await add(banner(id, { resourceId: resourceId.toLowerCase() }));
      await world.server.database.sql`
      update media_usages set resource_id = ${resourceId} where media_file_id = ${id}`;
      await add(banner(id, { resourceId }));
      expect((await read(id)).usages).toHaveLength(1);
      expect(codeIn(await remove(banner(id, { resourceId: resourceId.toLowerCase() })))).toBe("ok");
      expect((await read(id)).usages).toEqual([]);
      await add(banner(id, { resourceId: "Page-A" }));
      await add(banner(id, { resourceId: "page-a" }));
      expect((await read(id)).usages).toHaveLength(2);
    });

    it.each(["attachment", "company", "photo", "photo-series", "video-clip", "user"])(
      "are not those of the inside: %s",
      async (resourceType) => {
        const { id } = await uploadMedia(world.people.agent, { companyId });
        const { errors } = await add(banner(id, { resourceType }));
        expect(errors?.[0]).toMatchObject({
          message: expect.stringContaining("resource of Filedesk"),
          extensions: { code: "BAD_USER_INPUT", field: "resourceType" },
        });
        expect(codeIn(await remove(banner(id, { resourceType })))).toBe("BAD_USER_INPUT");
      },
    );

    it.each([
      ...["Company", "PHOTO_SERIES", "photoSeries", "photo.series", "Photo_Series", "PHOTOSERIES"],
      ...["videoclip", "VideoClip", "video_clip", "user.", "attach-ment", "photo2"],
      ...["ticket", "Reply", "message", "chat_message", "conversation", "post", "guest"],
    ])("are not those that look like the inside's, but can be taken back: %s", async (resourceType) => {
      const { id } = await uploadMedia(world.people.agent, { companyId });
      expect(codeIn(await add(banner(id, { resourceType })))).toBe("BAD_USER_INPUT");
      expect((await read(id)).usages).toEqual([]);
      expect(codeIn(await remove(banner(id, { resourceType })))).toBe("ok");
    });

    it.each<[string, Partial<MediaUsageInput>]>([
      ["a resource type that is too long", { resourceType: "p".repeat(65) }],
      ["a resource type that is no name", { resourceType: "a page" }],
      ["an empty resource id", { resourceId: "" }],
      ["a resource id of two lines", { resourceId: "7\n8" }],
      ["a resource id that is too long", { resourceId: "7".repeat(201) }],
      ["a field name that is no name", { fieldName: "" }],
    ])("are refused for %s", async (_what, wrong) => {
      const { id } = await uploadMedia(world.people.agent, { companyId });
      expect(codeIn(await add(banner(id, wrong)))).toBe("BAD_USER_INPUT");
      expect((await read(id)).usages).toEqual([]);
    });
  });

  describe("usages of the inside", () => {
    it("appear by themselves, with a link to the attachment, and go with it", async () => {
      const { requester } = world.people;
      const { id, attachments } = await world.openTicket(requester, { companyId, files: [textFile()] });
      const [attachment] = attachments.nodes;
      const file = await read(attachment!.mediaFile!.id);
      expect(file.usages).toMatchObject([
        {
          resourceType: "attachment",
          resourceId: attachment!.id,
          fieldName: "file",
          attachment: { id: attachment!.id, ticket: { id } },
          company: null,
          user: null,
        },
      ]);
      const { agent } = world.people;
      expect(codeIn(await world.server.gql(DeleteMediaFileDocument, { id: file.id }, agent.token))).toBe(
        "FORBIDDEN",
      );
      expect(codeIn(await world.server.gql(DeleteMediaFileDocument, { id: file.id }, requester.token))).toBe(
        "CONFLICT",
      );
    });
  });
});
