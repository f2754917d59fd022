import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  CreatePhotoDocument,
  DeletePostDocument,
  ReplaceMediaFileDocument,
} from "../../../support/generated/operations.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { makePng } from "../../../support/make-files.js";
import { codeOf } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

/** An image of the attachments' bucket, which takes other files as well, shown as a photo. */
async function shownPhoto() {
  const { agent } = world.people;
  const image = fileOf("a.png", await makePng({ width: 21, height: 20 }));
  const file = await uploadMedia(agent, { companyId, file: image });
  const input = { ticketId, mediaFileId: file.id };
  const { data } = await world.server.gql(CreatePhotoDocument, { input }, agent.token);
  return { file, postId: data!.createPhoto.id };
}

const replace = async (id: string, file: File) =>
  (
    await world.people.agent.client.mutate({
      mutation: ReplaceMediaFileDocument,
      variables: { input: { id, file } },
    })
  ).data!.replaceMediaFile;

describe("posts of file", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { WORKER: "off" } });
  });

  beforeEach(async () => {
    companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });

  afterAll(() => world?.close());

  describe("a file that is shown as a photo", () => {
    it("stays an image when it is replaced, whatever its bucket takes", async () => {
      const { file, postId } = await shownPhoto();
      expect(await codeOf(replace(file.id, fileOf("a.txt", "no picture")))).toBe("UNSUPPORTED_FILE_TYPE");
      await expect(replace(file.id, fileOf("a.txt", "no picture"))).rejects.toThrow(/as an image/);
      const rows = await world.server.database
        .sql`select id from media_files where company_id = ${companyId}`;
      expect(rows).toHaveLength(1);
      const other = await replace(file.id, fileOf("b.png", await makePng({ width: 22, height: 20 })));
      expect(other).toMatchObject({ id: file.id, fileName: "b.png" });
      // A deleted post may come back, and with it the photo.
      await world.server.gql(DeletePostDocument, { id: postId }, world.people.agent.token);
      expect(await codeOf(replace(file.id, fileOf("a.txt", "no picture")))).toBe("UNSUPPORTED_FILE_TYPE");
    });
  });

  describe("the usage of a file by a post", () => {
    const postsOf = async (id: string, { token }: SignedIn) =>
      world.server.gql<{ mediaFile: { usages: { resourceType: string; post: object | null }[] } | null }>(
        `query ($id: ID!) { mediaFile(id: $id) { usages { resourceType post { __typename id ticket { id } } } } }`,
        { id },
        token,
      );

    it("leads staff to the post, and nobody else anywhere", async () => {
      const { requester, agent, customer, stranger } = world.people;
      const { file, postId } = await shownPhoto();
      const { data } = await postsOf(file.id, agent);
      expect(data?.mediaFile?.usages).toEqual([
        { resourceType: "photo", post: { __typename: "Photo", id: postId, ticket: { id: ticketId } } },
      ]);
      // Where a file is used besides is told to staff alone.
      expect((await postsOf(file.id, requester)).data?.mediaFile?.usages).toEqual([]);
      for (const other of [customer, stranger])
        expect((await postsOf(file.id, other)).data?.mediaFile).toBeNull();
    });
  });
});
