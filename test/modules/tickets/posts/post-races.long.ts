import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  CreatePhotoDocument,
  CreatePhotoSeriesDocument,
  DeletePostDocument,
  ReplaceMediaFileDocument,
  RestorePostDocument,
  TicketPostsDocument,
} from "../../../support/generated/operations.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makeJpeg, makePng } from "../../../support/make-files.js";
import { purgeDeletedFiles } from "../../../support/purge-deleted-files.js";
import { codeIn, codeOf } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

const photo = async () =>
  new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "photo.jpg", { type: "image/jpeg" });

/** Posts a photo. @returns the id of its file */
async function postPhoto(): Promise<string> {
  const variables = { input: { ticketId, file: await photo() } };
  const { data } = await world.people.agent.client.mutate({ mutation: CreatePhotoDocument, variables });
  return (data!.createPhoto as { file: { id: string } }).file.id;
}

interface SeriesView {
  readonly id: string;
  readonly photos: readonly { readonly mediaFileId: string; readonly position: number }[];
}
const idsOf = ({ photos }: SeriesView) => photos.map(({ mediaFileId }) => mediaFileId);

async function readPosts() {
  const { data } = await world.server.gql(TicketPostsDocument, { id: ticketId }, world.people.agent.token);
  return data!.ticket!.posts.nodes;
}

const replaceByText = (id: string, text: string) =>
  world.people.agent.client.mutate({
    mutation: ReplaceMediaFileDocument,
    variables: { input: { id, file: fileOf("a.txt", text) } },
  });

describe("posts that race", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { TICKET_POST_FILES: "60" } });
    companyId = await world.newCompany();
  });
  beforeEach(async () => {
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });
  afterAll(() => world?.close());

  it("keep the order of a series gapless, when photos are ordered, added and taken out", async () => {
    const { agent, manager } = world.people;
    const { photoSeries, sessions } = world.server.services;
    const viewer = await sessions.viewerById(manager.id);
    const photos = await Promise.all(Array.from({ length: 6 }, async () => ({ file: await photo() })));
    const variables = { input: { ticketId, photos } };
    const { data } = await agent.client.mutate({ mutation: CreatePhotoSeriesDocument, variables });
    const { id } = data!.createPhotoSeries;
    const read = async () => (await readPosts()).find((post) => post.id === id) as unknown as SeriesView;
    const ids = idsOf(await read());
    const spares: string[] = [];
    for (let n = 0; n < 12; n++) spares.push(await postPhoto());
    const outcomes = await Promise.allSettled([
      ...spares.map((mediaFileId) =>
        photoSeries.addPhotos(viewer, id, { items: [{ mediaFileId }], requestBytes: null }),
      ),
      ...ids.slice(0, 4).map((mediaFileId) => photoSeries.removePhoto(viewer, { seriesId: id, mediaFileId })),
      ...Array.from({ length: 12 }, async (_, n) => {
        const order = idsOf(await read());
        return photoSeries.reorder(viewer, id, n % 2 ? order.reverse() : [...order].sort());
      }),
    ]);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "BAD_USER_INPUT" });
    const after = await read();
    expect(after.photos.map(({ position }) => position)).toEqual(after.photos.map((_, index) => index));
    expect(idsOf(after).toSorted()).toEqual([...ids.slice(4), ...spares].toSorted());
    const usages = await world.server.database.sql<{ id: string }[]>`
      select media_file_id as id from media_usages where resource_id = ${id}`;
    expect(usages.map((row) => row.id).toSorted()).toEqual(idsOf(after).toSorted());
  });

  it("take so many files and no more, exactly", async () => {
    const { agent } = world.people;
    const { posts, sessions } = world.server.services;
    const viewer = await sessions.viewerById(agent.id);
    const mediaFileId = await postPhoto();
    const again = () => posts.postPhoto(viewer, { ticketId, items: [{ mediaFileId }], requestBytes: null });
    for (let n = 1; n < 57; n++) await again();
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, again));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    for (const outcome of outcomes)
      if (outcome.status === "rejected")
        expect(outcome.reason).toMatchObject({
          code: "QUOTA_EXCEEDED",
          details: { limit: 60, actual: 61 },
        });
    expect(await codeOf(postPhoto())).toBe("QUOTA_EXCEEDED");
    const [first] = await readPosts();
    const { id } = first!;
    await world.server.gql(DeletePostDocument, { id }, agent.token);
    expect(await codeOf(postPhoto())).toBe("ok");
    expect(codeIn(await world.server.gql(RestorePostDocument, { id }, agent.token))).toBe("QUOTA_EXCEEDED");
  });

  it("keep their file, when its attachment is deleted and purged at the same time, 40 times", async () => {
    const { agent } = world.people;
    const { posts, attachmentDeletions, sessions } = world.server.services;
    const viewer = await sessions.viewerById(agent.id);
    const purge = async () => {
      const deletedBefore = new Date(Date.now() + 60_000);
      await attachmentDeletions.purgeDeleted(deletedBefore);
      await purgeDeletedFiles(world.server, deletedBefore);
    };
    let posted = 0;
    for (let round = 0; round < 40; round++) {
      const [attachment] = await world.attach(agent, { ticketId, files: [await photo()] });
      const mediaFileId = attachment!.mediaFile!.id;
      const [posting] = await Promise.allSettled([
        posts.postPhoto(viewer, { ticketId, items: [{ mediaFileId }], requestBytes: null }),
        pass(round / 2)
          .then(() => attachmentDeletions.deleteAttachment(viewer, attachment!.id))
          .then(purge),
      ]);
      if (posting.status === "rejected") {
        expect(["GONE", "NOT_FOUND"]).toContain((posting.reason as { code: string }).code);
        continue;
      }
      posted += 1;
      expect(await downloadStatus(attachment!.mediaFile!.url, agent)).toBe(200);
      await world.server.gql(DeletePostDocument, { id: posting.value.id }, agent.token);
    }
    expect(posted).toBeGreaterThan(0);
  });

  it("never show a file that is no image, when it is replaced at the same time", async () => {
    const { agent } = world.people;
    const outcomes = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const image = fileOf("a.png", await makePng({ width: 30 + round, height: 20 }));
      const { id } = await uploadMedia(agent, { companyId, file: image });
      const [posted, replaced] = await Promise.all([
        world.server.gql(CreatePhotoDocument, { input: { ticketId, mediaFileId: id } }, agent.token),
        codeOf(replaceByText(id, `text ${round}`)),
      ]);
      outcomes.add(`${codeIn(posted)} ${replaced}`);
    }
    const wrong = await world.server.database.sql`
      select from media_post_files p join media_files f on f.id = p.media_file_id where f.mime_type = 'text/plain'`;
    expect(wrong).toHaveLength(0);
    for (const outcome of outcomes) expect(outcome).not.toBe("ok ok");
  });
});
