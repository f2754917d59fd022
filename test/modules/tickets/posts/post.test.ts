import type { TypedDocumentNode } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CreatePhotoInput } from "../../../support/generated/operations.js";
import {
  AddToPhotoSeriesDocument,
  CaptionPhotoDocument,
  CreatePhotoDocument,
  CreatePhotoSeriesDocument,
  CreateVideoClipDocument,
  DeletePostDocument,
  RemoveFromPhotoSeriesDocument,
  ReorderPhotoSeriesDocument,
  RestorePostDocument,
  TicketPostsDocument,
  UpdatePostDocument,
} from "../../../support/generated/operations.js";
import { fixture, makeJpeg } from "../../../support/make-files.js";
import { purgeDeletedFiles } from "../../../support/purge-deleted-files.js";
import { codeIn, codeOf, failureOf } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

const newTicket = async (company = companyId) =>
  (await world.openTicket(world.people.requester, { companyId: company })).id;

const photo = async (name = "photo.jpg") =>
  new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], name, { type: "image/jpeg" });
const clip = (name = "clip.mp4") =>
  new File([new Uint8Array(fixture(name)), String(Math.random())], name, { type: "video/mp4" });

async function postPhoto(by: SignedIn, input: Partial<CreatePhotoInput> = {}) {
  const variables = { input: { ticketId, file: await photo(), ...input } };
  return (await by.client.mutate({ mutation: CreatePhotoDocument, variables })).data!.createPhoto;
}

async function postSeries(by: SignedIn, captions: readonly (string | null)[]) {
  const photos = await Promise.all(captions.map(async (caption) => ({ file: await photo(), caption })));
  const variables = { input: { ticketId, description: "All of it", photos } };
  return (await by.client.mutate({ mutation: CreatePhotoSeriesDocument, variables })).data!.createPhotoSeries;
}

async function postClip(by: SignedIn, file = clip()) {
  const variables = { input: { ticketId, file, description: "It hums" } };
  return (await by.client.mutate({ mutation: CreateVideoClipDocument, variables })).data!.createVideoClip;
}

const ask = <Data, Variables>(
  by: SignedIn,
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) => world.server.gql<Data, Variables>(query, variables, by.token);

async function postsOf(by: SignedIn, id = ticketId) {
  const { data } = await world.server.gql(TicketPostsDocument, { id }, by.token);
  return data!.ticket!.posts;
}

const usages = (resourceId: string) => world.server.database.sql`
  select media_file_id, resource_type, field_name from media_usages where resource_id = ${resourceId}`;

const auditOf = async (subjectId: string) => {
  const rows = await world.server.database.sql`
    select action from audit_log where subject_id = ${subjectId} order by created_at`;
  return rows.map((row) => row.action as string);
};

interface SeriesView {
  readonly id: string;
  readonly photos: readonly {
    mediaFileId: string;
    position: number;
    caption: string | null;
    file?: unknown;
  }[];
}
const captionsOf = (series: SeriesView) => series.photos.map(({ caption }) => caption);
const idsOf = (series: SeriesView) => series.photos.map(({ mediaFileId }) => mediaFileId);

describe("post", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { TICKET_POST_FILES: "60" } });
    companyId = await world.newCompany();
    ticketId = await newTicket();
  });

  afterAll(() => world?.close());

  describe("a photo", () => {
    it("is posted with its description, used by its post and downloaded by those who read the ticket", async () => {
      const { requester, agent, stranger } = world.people;
      const post = await postPhoto(requester, { description: " The knob " });
      expect(post).toMatchObject({
        __typename: "Photo",
        description: "The knob",
        author: { id: requester.id },
        ticket: { id: ticketId },
        file: { bucket: "PHOTOS", kind: "IMAGE", width: 40, height: 30, duration: null },
      });
      const { file } = post as { file: { id: string; url: string } };
      expect([...(await usages(post.id))]).toEqual([
        { media_file_id: file.id, resource_type: "photo", field_name: "file" },
      ]);
      expect(await downloadStatus(file.url, agent)).toBe(200);
      expect(await downloadStatus(file.url, stranger)).toBe(404);
      expect(await auditOf(post.id)).toEqual(["photo.posted"]);
    });

    it("may be a file that the company has", async () => {
      const { agent } = world.people;
      const image = new File([new Uint8Array(await makeJpeg())], "a.jpg");
      const [attachment] = await world.attach(agent, { ticketId, files: [image] });
      const mediaFileId = attachment!.mediaFile!.id;
      const post = await postPhoto(agent, { file: null, mediaFileId: mediaFileId.toUpperCase() });
      expect(post).toMatchObject({ file: { id: mediaFileId, bucket: "ATTACHMENTS" } });
      await ask(agent, DeletePostDocument, { id: post.id });
      expect(await downloadStatus(attachment!.mediaFile!.url, agent)).toBe(200);
    });

    it.each([
      ["neither a file nor an id", { file: null }, "BAD_USER_INPUT"],
      ["an id that is none", { file: null, mediaFileId: "7" }, "NOT_FOUND"],
      ["a text", { file: textFile() }, "UNSUPPORTED_FILE_TYPE"],
      ["a clip", { file: clip() }, "UNSUPPORTED_FILE_TYPE"],
      ["a description that is too long", { description: "x".repeat(1_001) }, "BAD_USER_INPUT"],
      ["a ticket that is none", { ticketId: "7" }, "NOT_FOUND"],
    ])("is refused with %s, and leaves nothing behind", async (_what, input, code) => {
      const before = await postsOf(world.people.requester);
      expect(await codeOf(postPhoto(world.people.requester, input))).toBe(code);
      expect(await postsOf(world.people.requester)).toEqual(before);
    });

    it("is refused with a file and an id", async () => {
      const { agent } = world.people;
      const post = await postPhoto(agent);
      const { file } = post as { file: { id: string } };
      expect(await codeOf(postPhoto(agent, { mediaFileId: file.id }))).toBe("BAD_USER_INPUT");
    });

    it("is refused when the file is another company's, not the viewer's to see, deleted, or no image", async () => {
      const { agent, admin, requester, customer } = world.people;
      const elsewhere = await newTicket(await world.newCompany());
      const foreign = await postPhoto(admin, { ticketId: elsewhere });
      const idOf = (post: object) => (post as { file: { id: string } }).file.id;
      const reuse = (by: SignedIn, mediaFileId: string) => codeOf(postPhoto(by, { file: null, mediaFileId }));
      for (const person of [agent, admin, requester])
        expect(await reuse(person, idOf(foreign))).toBe("NOT_FOUND");

      const others = (await world.openTicket(customer, { companyId })).id;
      const theirs = await postPhoto(customer, { ticketId: others });
      expect(await reuse(requester, idOf(theirs))).toBe("NOT_FOUND");
      expect(await reuse(agent, idOf(theirs))).toBe("ok");

      const deleted = await postPhoto(agent);
      await ask(agent, DeletePostDocument, { id: deleted.id });
      expect(await reuse(agent, idOf(deleted))).toBe("GONE");
      const [text] = await world.attach(agent, { ticketId, files: [textFile()] });
      expect(await reuse(agent, text!.mediaFile!.id)).toBe("UNSUPPORTED_FILE_TYPE");
    });
  });

  describe("a clip", () => {
    it("is posted with what it says of itself", async () => {
      const post = await postClip(world.people.requester);
      expect(post).toMatchObject({
        __typename: "VideoClip",
        file: {
          bucket: "VIDEOS",
          mimeType: "video/mp4",
          kind: "VIDEO",
          width: 96,
          height: 64,
          duration: 1.5,
          metadata: { videoCodec: "avc", audioCodec: "aac", cameraMake: null },
        },
      });
      expect([...(await usages(post.id))]).toMatchObject([
        { resource_type: "video-clip", field_name: "file" },
      ]);
      expect(await auditOf(post.id)).toEqual(["clip.posted"]);
    });

    it("is refused when it is a photo, cut off, or called by another name", async () => {
      const { requester } = world.people;
      const bytes = new Uint8Array(fixture("clip.mp4"));
      expect(await codeOf(postClip(requester, await photo()))).toBe("UNSUPPORTED_FILE_TYPE");
      const cut = await failureOf(postClip(requester, new File([bytes.subarray(0, -9)], "a.mp4")));
      expect(cut?.extensions).toMatchObject({
        code: "CORRUPT_FILE",
        status: 422,
        index: 0,
        fileName: "a.mp4",
      });
      expect(await codeOf(postClip(requester, new File([bytes], "a.pdf")))).toBe("FILE_TYPE_MISMATCH");
    });

    it("cannot be made of a photo that the company has", async () => {
      const { agent } = world.people;
      const { file } = (await postPhoto(agent)) as { file: { id: string } };
      const input = { ticketId, mediaFileId: file.id };
      expect(codeIn(await ask(agent, CreateVideoClipDocument, { input }))).toBe("UNSUPPORTED_FILE_TYPE");
    });
  });

  describe("a series", () => {
    const series = (captions: readonly (string | null)[], by = world.people.requester) =>
      postSeries(by, captions) as unknown as Promise<SeriesView>;
    const read = async (id: string) => {
      const { nodes } = await postsOf(world.people.agent);
      return nodes.find((node) => node.id === id) as unknown as SeriesView;
    };

    beforeAll(async () => {
      ticketId = await newTicket();
    });

    it("has its photos in their order, with captions, uploaded and existing ones mixed", async () => {
      const { requester } = world.people;
      const { file } = (await postPhoto(requester)) as { file: { id: string } };
      const photos = [
        { file: await photo(), caption: "first" },
        { mediaFileId: file.id, caption: "second" },
        { file: await photo(), caption: " " },
      ];
      const variables = { input: { ticketId, photos } };
      const { data } = await requester.client.mutate({ mutation: CreatePhotoSeriesDocument, variables });
      const made = data!.createPhotoSeries as unknown as SeriesView;
      expect(captionsOf(made)).toEqual(["first", "second", null]);
      expect(idsOf(made)[1]).toBe(file.id);
      expect(made.photos.map(({ position }) => position)).toEqual([0, 1, 2]);
      expect(await usages(made.id)).toHaveLength(3);
      expect((await usages(made.id))[0]).toMatchObject({
        resource_type: "photo-series",
        field_name: "photos",
      });
      expect(await auditOf(made.id)).toEqual(["photo-series.posted"]);
    });

    it("is refused empty, with a file twice, and with more than 50 photos", async () => {
      const { requester } = world.people;
      const { file } = (await postPhoto(requester)) as { file: { id: string } };
      const make = (photos: object[]) =>
        ask(requester, CreatePhotoSeriesDocument, { input: { ticketId, photos } });
      expect(codeIn(await make([]))).toBe("BAD_USER_INPUT");
      expect(codeIn(await make([{ mediaFileId: file.id }, { mediaFileId: file.id }]))).toBe("BAD_USER_INPUT");
      expect(codeIn(await make([{ caption: "nothing" }]))).toBe("BAD_USER_INPUT");
      expect(codeIn(await make([{ mediaFileId: file.id, caption: "x".repeat(1_001) }]))).toBe(
        "BAD_USER_INPUT",
      );
      const many = await make(Array.from({ length: 51 }, () => ({ mediaFileId: file.id })));
      expect(many.errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", limit: 50, actual: 51 });
    });

    it("grows at its end", async () => {
      const { requester } = world.people;
      const made = await series(["a"]);
      const input = { seriesId: made.id, photos: [{ file: await photo(), caption: "b" }] };
      const { data } = await requester.client.mutate({
        mutation: AddToPhotoSeriesDocument,
        variables: { input },
      });
      expect(captionsOf(data!.addToPhotoSeries as unknown as SeriesView)).toEqual(["a", "b"]);
      const again = { seriesId: made.id, photos: [{ mediaFileId: idsOf(made)[0] }] };
      expect(codeIn(await ask(requester, AddToPhotoSeriesDocument, { input: again }))).toBe("CONFLICT");
      const none = { seriesId: made.id, photos: [] };
      expect(codeIn(await ask(requester, AddToPhotoSeriesDocument, { input: none }))).toBe("BAD_USER_INPUT");
    });

    it("takes a new order whole, or not at all", async () => {
      const { requester } = world.people;
      const made = await series(["a", "b", "c"]);
      const [a, b, c] = idsOf(made) as [string, string, string];
      const order = (mediaFileIds: string[]) =>
        ask(requester, ReorderPhotoSeriesDocument, { input: { seriesId: made.id, mediaFileIds } });
      const { data } = await order([c, a.toUpperCase(), b]);
      expect(captionsOf((data as { reorderPhotoSeries: SeriesView }).reorderPhotoSeries)).toEqual([
        "c",
        "a",
        "b",
      ]);
      for (const wrong of [[], [a, b], [a, b, b], [a, b, c, c], [a, b, "7"], [a, b, made.id]])
        expect(codeIn(await order(wrong))).toBe("BAD_USER_INPUT");
      expect(captionsOf(await read(made.id))).toEqual(["c", "a", "b"]);
    });

    it("changes and loses captions", async () => {
      const { requester } = world.people;
      const made = await series(["a", "b"]);
      const [a] = idsOf(made);
      const say = async (caption: string | null, mediaFileId = a!) =>
        ask(requester, CaptionPhotoDocument, { input: { seriesId: made.id, mediaFileId, caption } });
      await say("new");
      expect(captionsOf(await read(made.id))).toEqual(["new", "b"]);
      await say(null);
      expect(captionsOf(await read(made.id))).toEqual([null, "b"]);
      expect(codeIn(await say("x", made.id))).toBe("NOT_FOUND");
      expect(codeIn(await say("x".repeat(1_001)))).toBe("BAD_USER_INPUT");
    });

    it("closes the gap of a photo that is taken out, whose file is gone then", async () => {
      const { requester } = world.people;
      const made = await series(["a", "b", "c"]);
      const [, b] = idsOf(made);
      const url = (made.photos[1]!.file as { url: string }).url;
      const remove = (mediaFileId = "") =>
        ask(requester, RemoveFromPhotoSeriesDocument, { input: { seriesId: made.id, mediaFileId } });
      await remove(b);
      const left = await read(made.id);
      expect(left.photos.map(({ caption, position }) => [caption, position])).toEqual([
        ["a", 0],
        ["c", 1],
      ]);
      expect(await downloadStatus(url, requester)).toBe(410);
      expect(await usages(made.id)).toHaveLength(2);
      expect(codeIn(await remove(b))).toBe("NOT_FOUND");
      await remove(idsOf(left)[0]);
      const last = await remove(idsOf(left)[1]);
      expect(codeIn(last)).toBe("CONFLICT");
    });

    it("is what a photo and a clip are not", async () => {
      const { requester } = world.people;
      const { id } = await postPhoto(requester);
      const input = { seriesId: id, mediaFileIds: [] };
      expect(codeIn(await ask(requester, ReorderPhotoSeriesDocument, { input }))).toBe("NOT_FOUND");
    });
  });

  describe("a deleted post", () => {
    beforeAll(async () => {
      ticketId = await newTicket();
    });

    it("is gone from the list and its file with it, until it is restored", async () => {
      const { requester, agent } = world.people;
      const post = (await postClip(requester)) as { id: string; file?: { url: string } | null };
      const url = post.file!.url;
      const { data } = await world.server.gql(DeletePostDocument, { id: post.id }, requester.token);
      expect(data!.deletePost).toMatchObject({ id: post.id, deletedAt: expect.any(String), file: null });
      expect((await postsOf(agent)).nodes).toEqual([]);
      expect(await downloadStatus(url, requester)).toBe(410);
      expect(await usages(post.id)).toHaveLength(0);
      expect(codeIn(await ask(requester, DeletePostDocument, { id: post.id }))).toBe("GONE");

      expect(codeIn(await ask(requester, RestorePostDocument, { id: post.id }))).toBe("ok");
      expect(await downloadStatus(url, agent)).toBe(200);
      expect((await postsOf(agent)).nodes).toMatchObject([{ id: post.id, deletedAt: null }]);
      expect(await usages(post.id)).toHaveLength(1);
      expect(await auditOf(post.id)).toEqual(["clip.posted", "post.deleted", "post.restored"]);
    });

    it("keeps a description that its author changes or removes, and tells subscribers once", async () => {
      const { requester } = world.people;
      const { id } = (await postSeries(requester, ["a", "b"])) as unknown as SeriesView;
      const change = async (description: string | null) =>
        (await ask(requester, UpdatePostDocument, { input: { id, description } })).data!.updatePost;
      expect(await change(" Both ")).toMatchObject({ id, description: "Both", totalImages: 2 });
      expect(await change("Both")).toMatchObject({ description: "Both" });
      expect(await change(null)).toMatchObject({ description: null });
      expect(await auditOf(id)).toEqual(["photo-series.posted", "post.updated", "post.updated"]);
      const events = await world.server.database.sql`
        select type from events where payload ->> 'postId' = ${id} order by sequence`;
      expect(events.map(({ type }) => type)).toEqual(["post.added", "post.updated", "post.updated"]);
      await ask(requester, DeletePostDocument, { id });
      const input = { id, description: "Late" };
      expect(codeIn(await ask(requester, UpdatePostDocument, { input }))).toBe("GONE");
    });

    it("cannot be changed", async () => {
      const { requester } = world.people;
      const made = (await postSeries(requester, ["a", "b"])) as unknown as SeriesView;
      await ask(requester, DeletePostDocument, { id: made.id });
      const input = { seriesId: made.id, mediaFileIds: idsOf(made) };
      expect(codeIn(await ask(requester, ReorderPhotoSeriesDocument, { input }))).toBe("GONE");
    });

    it("is purged with its bytes when its time is over, and not before; a live one's files never are", async () => {
      const { requester, agent } = world.people;
      const { postDeletions } = world.server.services;
      const dead = (await postPhoto(requester)) as { id: string; file?: { id: string; url: string } | null };
      const live = (await postPhoto(requester)) as { id: string; file?: { id: string; url: string } | null };
      await ask(requester, DeletePostDocument, { id: dead.id });
      const purge = async (deletedBefore: Date) => {
        await postDeletions.purgeDeleted(deletedBefore);
        await purgeDeletedFiles(world.server, deletedBefore);
      };
      const left = () => world.server.database.sql`select id from media_files where id = ${dead.file!.id}`;
      await purge(new Date(Date.now() - 3_600_000));
      expect(await left()).toHaveLength(1);
      await purge(new Date(Date.now() + 3_600_000));
      expect(await left()).toHaveLength(0);
      expect(codeIn(await ask(requester, RestorePostDocument, { id: dead.id }))).toBe("NOT_FOUND");
      expect(await downloadStatus(live.file!.url, agent)).toBe(200);
    });
  });

  describe("a deleted ticket", () => {
    it("takes its posts with it, brings them back, and is purged with them", async () => {
      ticketId = await newTicket();
      const { requester, manager } = world.people;
      const post = (await postPhoto(requester)) as { id: string; file?: { id: string; url: string } | null };
      await postSeries(requester, ["a", "b"]);
      const { url, id } = post.file!;
      const mutate = (field: string) =>
        world.server.gql(`mutation ($id: ID!) { ${field}(id: $id) { id } }`, { id: ticketId }, manager.token);
      await mutate("deleteTicket");
      expect(await downloadStatus(url, manager)).toBe(410);
      expect(codeIn(await ask(requester, DeletePostDocument, { id: post.id }))).toBe("GONE");
      await mutate("restoreTicket");
      expect(await downloadStatus(url, requester)).toBe(200);
      expect((await postsOf(requester)).totalCount).toBe(2);

      await mutate("deleteTicket");
      const deletedBefore = new Date(Date.now() + 3_600_000);
      const { ticketPurge } = world.server.services;
      expect(await ticketPurge.purgeDeleted(deletedBefore)).toMatchObject({ tickets: 1 });
      await purgeDeletedFiles(world.server, deletedBefore);
      const { sql } = world.server.database;
      expect(await sql`select id from media_posts where ticket_id = ${ticketId}`).toHaveLength(0);
      expect(await sql`select id from media_files where id = ${id}`).toHaveLength(0);
    });
  });
});
