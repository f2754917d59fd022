import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  AddMediaUsageDocument,
  AddToPhotoSeriesDocument,
  CreatePhotoDocument,
  CreatePhotoSeriesDocument,
  DeleteMediaFileDocument,
  DeletePostDocument,
  MediaFileDocument,
  RemoveAvatarDocument,
  RemoveFromPhotoSeriesDocument,
  ReplaceMediaFileDocument,
  RestorePostDocument,
  SetAvatarDocument,
  SetCompanyLogoDocument,
} from "../../../support/generated/operations.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { codeIn } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

let widths = 20;
const image = async () => fileOf("a.png", await makePng({ width: ++widths, height: 20 }));

const managers = async () =>
  (await uploadMedia(world.people.manager, { companyId, bucket: "PHOTOS", file: await image() })).id;

const isThere = async (id: string) =>
  (await world.server.gql(MediaFileDocument, { id }, world.people.manager.token)).data?.mediaFile != null;

const asAgent = <Data, Variables>(
  query: Parameters<typeof world.server.gql<Data, Variables>>[0],
  variables: Variables,
) => world.server.gql<Data, Variables>(query, variables, world.people.agent.token);

const post = async (input: { file?: File; mediaFileId?: string }) => {
  const { client } = world.people.agent;
  const variables = { input: { ticketId, ...input } };
  const made = (await client.mutate({ mutation: CreatePhotoDocument, variables })).data!.createPhoto;
  return made as { id: string; file?: { id: string } | null };
};

describe("post library files", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { WORKER: "off" } });
  });

  beforeEach(async () => {
    companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });

  afterAll(() => world?.close());

  describe("a picture that shows somebody", () => {
    it("is used for nothing else, and goes when its owner takes it away", async () => {
      const { agent, requester, manager } = world.people;
      // Who belongs to several companies has their picture kept by the oldest.
      const [acme] = await world.server.database.sql<
        { id: string }[]
      >`select id from companies where slug = 'acme'`;
      companyId = acme!.id;
      ticketId = (await world.openTicket(requester, { companyId })).id;
      await requester.client.mutate({ mutation: SetAvatarDocument, variables: { file: await image() } });
      await manager.client.mutate({
        mutation: SetCompanyLogoDocument,
        variables: { input: { companyId, file: await image() } },
      });
      const shown = await world.server.database.sql<{ id: string }[]>`
      select media_file_id as id from media_usages
      where resource_id in (${requester.id}, ${companyId}) order by field_name`;
      const { client } = agent;
      const own = (await uploadMedia(agent, { companyId, bucket: "PHOTOS", file: await image() })).id;
      const photos = [{ mediaFileId: own }];
      const series = (
        await client.mutate({
          mutation: CreatePhotoSeriesDocument,
          variables: { input: { ticketId, photos } },
        })
      ).data!.createPhotoSeries as { id: string };
      expect(shown).toHaveLength(2);
      for (const { id: mediaFileId } of shown) {
        const usage = { mediaFileId, resourceType: "page", resourceId: "7", fieldName: "banner" };
        const answers = [
          await asAgent(CreatePhotoDocument, { input: { ticketId, mediaFileId } }),
          await asAgent(CreatePhotoSeriesDocument, { input: { ticketId, photos: [{ mediaFileId }] } }),
          await asAgent(AddToPhotoSeriesDocument, {
            input: { seriesId: series.id, photos: [{ mediaFileId }] },
          }),
          await asAgent(AddMediaUsageDocument, { input: usage }),
        ];
        expect(answers.map((answer) => answer.errors?.[0]?.extensions)).toEqual(
          answers.map(() => expect.objectContaining({ code: "BAD_USER_INPUT", field: "mediaFileId" })),
        );
        expect(answers[0]?.errors?.[0]?.message).toMatch(/serves for what set(Avatar|CompanyLogo) sets/);
      }
      await world.server.gql(RemoveAvatarDocument, {}, requester.token);
      expect(await isThere(shown[0]!.id)).toBe(false);
    });
  });

  describe("a file of the library that somebody posts", () => {
    it("stays in the library when the post is deleted, and is in the post again when it is restored", async () => {
      const mediaFileId = await managers();
      const { id } = await post({ mediaFileId });
      expect(codeIn(await asAgent(DeletePostDocument, { id }))).toBe("ok");
      expect(await isThere(mediaFileId)).toBe(true);
      const { data } = await asAgent(RestorePostDocument, { id });
      expect(data?.restorePost).toMatchObject({ file: { id: mediaFileId } });
    });

    it("does not come back with the post when the library has deleted it", async () => {
      const mediaFileId = await managers();
      const { id } = await post({ mediaFileId });
      await asAgent(DeletePostDocument, { id });
      const { manager } = world.people;
      await world.server.gql(DeleteMediaFileDocument, { id: mediaFileId }, manager.token);
      expect(codeIn(await asAgent(RestorePostDocument, { id }))).toBe("GONE");
      expect(await isThere(mediaFileId)).toBe(false);
    });

    it("stays when it is taken out of a series, and the photos that came with the series go", async () => {
      const { client } = world.people.agent;
      const mediaFileId = await managers();
      const photos = [{ mediaFileId }, { file: await image() }, { file: await image() }];
      const made = await client.mutate({
        mutation: CreatePhotoSeriesDocument,
        variables: { input: { ticketId, photos } },
      });
      const series = made.data!.createPhotoSeries as unknown as {
        id: string;
        photos: { file: { id: string } }[];
      };
      const own = series.photos.map(({ file }) => file.id).filter((id) => id !== mediaFileId);
      for (const id of [mediaFileId, own[0]!]) {
        const input = { seriesId: series.id, mediaFileId: id };
        expect(codeIn(await asAgent(RemoveFromPhotoSeriesDocument, { input }))).toBe("ok");
      }
      expect(await Promise.all([mediaFileId, ...own].map(isThere))).toEqual([true, false, true]);
    });
  });

  describe("a file that came with a post", () => {
    it("goes with it, replaced or not", async () => {
      const { client } = world.people.agent;
      for (const isReplaced of [false, true]) {
        const { id, file } = await post({ file: await image() });
        const variables = { input: { id: file!.id, file: await image() } };
        if (isReplaced) await client.mutate({ mutation: ReplaceMediaFileDocument, variables });
        await asAgent(DeletePostDocument, { id });
        expect(await isThere(file!.id)).toBe(false);
      }
    });

    it("goes with the last post that shows it", async () => {
      const first = await post({ file: await image() });
      const mediaFileId = first.file!.id;
      const second = await post({ mediaFileId });
      await asAgent(DeletePostDocument, { id: first.id });
      expect(await isThere(mediaFileId)).toBe(true);
      await asAgent(DeletePostDocument, { id: second.id });
      expect(await isThere(mediaFileId)).toBe(false);
    });
  });
});
