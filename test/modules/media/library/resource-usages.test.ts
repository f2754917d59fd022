import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { TestKey } from "../../../support/api-keys.js";
import { createKey } from "../../../support/api-keys.js";
import type { AddMediaUsageInput, NewMediaUsageInput } from "../../../support/generated/operations.js";
import {
  AddMediaUsageDocument,
  MediaFileDocument,
  MediaUsagesDocument,
  RemoveMediaUsageDocument,
  ReplaceWithUsageDocument,
} from "../../../support/generated/operations.js";
import { uploadMedia } from "../../../support/library-world.js";
import { postOperation } from "../../../support/schema-operations.js";
import { codeIn } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const course = (resourceId: string, more: Partial<NewMediaUsageInput> = {}) => ({
  resourceType: "course",
  resourceId,
  fieldName: "thumbnail",
  ...more,
});

const add = (input: AddMediaUsageInput) =>
  world.server.gql(AddMediaUsageDocument, { input }, world.people.agent.token);

async function usagesOf(
  resourceIds: readonly string[],
  more: { fieldName?: string; first?: number; after?: string | null } = {},
) {
  const variables = { companyId, resourceType: "course", resourceIds: [...resourceIds], ...more };
  const { data } = await world.server.gql(MediaUsagesDocument, variables, world.people.agent.token);
  return data!.mediaUsages;
}

const filesOf = async (...resourceIds: string[]) =>
  (await usagesOf(resourceIds)).nodes.map(({ mediaFile }) => mediaFile!.id);

async function listedBy(usedBy: object, by: SignedIn = world.people.agent) {
  const { data, errors } = await world.server.gql(
    "query ($companyId: ID!, $filter: MediaFileFilter) { mediaFiles(companyId: $companyId, filter: $filter) { totalCount nodes { id } } }",
    { companyId, filter: { usedBy } },
    by.token,
  );
  return (
    errors?.[0]?.extensions ?? (data!.mediaFiles as { nodes: { id: string }[] }).nodes.map(({ id }) => id)
  );
}

const newCourse = () => randomUUID();
const upload = (usage?: NewMediaUsageInput) =>
  uploadMedia(world.people.agent, { companyId, file: textFile(), ...(usage && { usage }) });

const replaceContent = (id: string, usage: NewMediaUsageInput) =>
  world.people.agent.client
    .mutate({
      mutation: ReplaceWithUsageDocument,
      variables: { input: { id, usage, file: textFile() } },
    })
    .then(
      ({ data }) => data!.replaceMediaFile,
      (error: { errors?: { extensions?: { code?: string } }[] }) => error.errors?.[0]?.extensions?.code,
    );

describe("files by what uses them", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("are found by resource and field, of many resources at once", async () => {
    const [one, two] = [newCourse(), newCourse()];
    const [thumbnail, banner] = [
      await upload(course(one)),
      await upload(course(one, { fieldName: "banner" })),
    ];
    const other = await upload(course(two));
    expect(await filesOf(one)).toEqual([thumbnail.id, banner.id]);
    expect(await filesOf(one, two)).toEqual([thumbnail.id, banner.id, other.id]);
    expect((await usagesOf([one, two], { fieldName: "banner" })).nodes).toMatchObject([
      { resourceId: one, fieldName: "banner", mediaFile: { id: banner.id } },
    ]);
    expect(await listedBy(course(one))).toEqual([thumbnail.id]);
    expect(await listedBy({ resourceType: "course", resourceId: one })).toEqual([banner.id, thumbnail.id]);
    expect(await listedBy(course(newCourse()))).toEqual([]);
  });

  it("are listed in pages, with a count", async () => {
    const id = newCourse();
    const files = [await upload(course(id)), await upload(course(id)), await upload(course(id))];
    const first = await usagesOf([id], { first: 2 });
    expect([first.totalCount, first.nodes.length, first.pageInfo.hasNextPage]).toEqual([3, 2, true]);
    const second = await usagesOf([id], { first: 2, after: first.pageInfo.endCursor ?? null });
    expect([...first.nodes, ...second.nodes].map(({ mediaFile }) => mediaFile!.id)).toEqual(
      files.map((file) => file.id),
    );
    expect(new Set([...first.nodes, ...second.nodes].map((usage) => usage.id)).size).toBe(3);
  });

  it("are found in whatever letters the UUID is written, without reading all usages of the type", async () => {
    const id = newCourse();
    const file = await upload(course(id));
    expect(await filesOf(id.toUpperCase())).toEqual([file.id]);
    await world.server.database.sql`
      update media_usages set resource_id = ${id.toUpperCase()} where media_file_id = ${file.id}`;
    expect(await filesOf(id)).toEqual([file.id]);
    expect(await listedBy(course(id))).toEqual([file.id]);
  });

  it("are those of the own company alone", async () => {
    const id = newCourse();
    await upload(course(id));
    const elsewhere = await world.newCompany();
    const variables = { companyId: elsewhere, resourceType: "course", resourceIds: [id] };
    const { data } = await world.server.gql(MediaUsagesDocument, variables, world.people.agent.token);
    expect(data!.mediaUsages.nodes).toEqual([]);
    const { requester } = world.people;
    const mine = { companyId, resourceType: "course", resourceIds: [id] };
    expect(codeIn(await world.server.gql(MediaUsagesDocument, mine, requester.token))).toBe("FORBIDDEN");
  });

  it.each(["attachment", "company", "photo"])(
    "are not asked for by the resources of Filedesk: %s",
    async (resourceType) => {
      const variables = { companyId, resourceType, resourceIds: ["7"] };
      const result = await world.server.gql(MediaUsagesDocument, variables, world.people.agent.token);
      expect(codeIn(result)).toBe("BAD_USER_INPUT");
      expect(await listedBy({ resourceType, resourceId: "7" })).toMatchObject({ code: "BAD_USER_INPUT" });
    },
  );

  it.each<[string, object]>([
    ["no resource", { resourceIds: [] }],
    ["more than 100 resources", { resourceIds: Array.from({ length: 101 }, String) }],
    ["a resource id of two lines", { resourceIds: ["7\n8"] }],
    ["an empty resource id", { resourceIds: ["7", ""] }],
    ["a field name that is no name", { fieldName: "two words" }],
  ])("are not asked for with %s", async (_what, wrong) => {
    const variables = { companyId, resourceType: "course", resourceIds: ["7"], ...wrong };
    const result = await world.server.gql(MediaUsagesDocument, variables, world.people.agent.token);
    expect(codeIn(result)).toBe("BAD_USER_INPUT");
  });
});

describe("a usage that is declared with its file", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("comes with a new file, or not at all", async () => {
    const id = newCourse();
    const file = await upload(course(id));
    expect(await filesOf(id)).toEqual([file.id]);
    const before = await world.server.database.sql`select count(*) from media_files`;
    await expect(upload({ ...course(id), resourceType: "ticket" })).rejects.toMatchObject({
      message: expect.stringContaining("resource of Filedesk"),
    });
    await expect(upload({ ...course(id), fieldName: "" })).rejects.toThrow("fieldName must be a letter");
    expect(await world.server.database.sql`select count(*) from media_files`).toEqual(before);
  });

  it("comes with a new content", async () => {
    const id = newCourse();
    const file = await upload();
    expect(await replaceContent(file.id, course(id))).toMatchObject({
      id: file.id,
      usages: [{ resourceId: id, fieldName: "thumbnail" }],
    });
    expect(await replaceContent(file.id, course(id, { resourceType: "conversation" }))).toBe(
      "BAD_USER_INPUT",
    );
  });
});

describe("a field with a single file", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("uses the new one alone, and the former one becomes an orphan", async () => {
    const id = newCourse();
    const former = await upload(course(id));
    const elsewhere = await upload(course(id, { fieldName: "banner" }));
    const current = await upload();
    expect(codeIn(await add({ mediaFileId: current.id, ...course(id), replace: true }))).toBe("ok");
    expect(await filesOf(id)).toEqual([elsewhere.id, current.id]);
    const { data } = await world.server.gql(MediaFileDocument, { id: former.id }, world.people.agent.token);
    expect(data!.mediaFile!.usages).toEqual([]);
    const entries = await world.server.database.sql`
      select action, subject_id from audit_log where details ->> 'resourceId' = ${id} order by id desc limit 2`;
    expect(entries).toMatchObject([
      { action: "media-file.usage-added", subject_id: current.id },
      { action: "media-file.usage-removed", subject_id: former.id },
    ]);
  });

  it("is the same when it is said again, and when the file was one of several", async () => {
    const id = newCourse();
    const [first, second] = [await upload(course(id)), await upload(course(id))];
    for (const _ of [1, 2]) await add({ mediaFileId: first.id, ...course(id), replace: true });
    expect(await filesOf(id)).toEqual([first.id]);
    await add({ mediaFileId: second.id, ...course(id) });
    expect(await filesOf(id)).toEqual([first.id, second.id]);
  });

  it("is replaced by an upload and by a new content, in their transactions", async () => {
    const id = newCourse();
    const [first] = [await upload(course(id))];
    const second = await upload(course(id, { replace: true }));
    expect(await filesOf(id)).toEqual([second.id]);
    expect(await replaceContent(first.id, course(id, { replace: true }))).toMatchObject({ id: first.id });
    expect(await filesOf(id)).toEqual([first.id]);
  });

  it("has one file after any race for it, and no race ends in a deadlock", async () => {
    const [one, two] = [newCourse(), newCourse()];
    const files = [await upload(), await upload(), await upload(), await upload()];
    for (let round = 0; round < 10; round++) {
      const [replaced, ...results] = await Promise.all([
        replaceContent(files[0]!.id, course(one, { replace: true })),
        ...files.flatMap(({ id: mediaFileId }, index) => [
          add({ mediaFileId, ...course(index % 2 ? one : two), replace: true }),
          add({ mediaFileId, ...course(index % 2 ? two : one), replace: true }),
        ]),
      ]);
      expect(replaced).toMatchObject({ id: files[0]!.id });
      expect(results.map(codeIn)).toEqual(results.map(() => "ok"));
      expect([(await filesOf(one)).length, (await filesOf(two)).length]).toEqual([1, 1]);
    }
  });

  it("is no gallery", async () => {
    const id = newCourse();
    const file = await upload();
    await world.server.database.sql`
      with copies as (
        insert into media_files (id, company_id, blob_id, bucket, file_name, size, mime_type, uploader_id)
        select gen_random_uuid(), company_id, blob_id, bucket, file_name, size, mime_type, uploader_id
        from media_files, generate_series(1, 101) where id = ${file.id} returning id, company_id)
      insert into media_usages (id, company_id, media_file_id, resource_type, resource_id, field_name)
      select gen_random_uuid(), company_id, id, 'course', ${id}, 'thumbnail' from copies`;
    const { errors } = await add({ mediaFileId: file.id, ...course(id), replace: true });
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining("more than 100 files"),
      extensions: { code: "CONFLICT", limit: 100 },
    });
    expect((await usagesOf([id])).totalCount).toBe(101);
    const input = { mediaFileId: file.id, ...course(id) };
    expect(
      codeIn(await world.server.gql(RemoveMediaUsageDocument, { input }, world.people.agent.token)),
    ).toBe("ok");
  });
});

describe("the usages of a backend with an API key", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  const key = (...scopes: ("READ" | "UPLOAD" | "MANAGE")[]) =>
    createKey(world.server, world.people.manager.token, { companyId, scopes });

  it("lead to the files, except to those of tickets", async () => {
    const id = newCourse();
    const { token } = await key("READ");
    const { requester } = world.people;
    const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
    const personal = ticket.attachments.nodes[0]!.mediaFile!.id;
    const file = await upload(course(id));
    await add({ mediaFileId: personal, ...course(id) });
    const variables = { companyId, resourceType: "course", resourceIds: [id] };
    const { data } = await world.server.gql(MediaUsagesDocument, variables, token);
    expect(data!.mediaUsages.nodes.map(({ mediaFile }) => mediaFile?.id ?? null)).toEqual([file.id, null]);
  });

  it("take the place of other people's by the scope MANAGE alone", async () => {
    const id = newCourse();
    const file = await upload(course(id));
    const [uploading, managing] = [await key("UPLOAD"), await key("UPLOAD", "MANAGE")];
    const uploadBy = async ({ token }: TestKey) => {
      const variables = {
        input: { companyId, bucket: "ATTACHMENTS", file: textFile(), usage: course(id, { replace: true }) },
      };
      return codeIn(
        await postOperation(
          world.server.url,
          "mutation ($input: UploadMediaInput!) { uploadMedia(input: $input) { id } }",
          variables,
          token,
        ),
      );
    };
    expect(await uploadBy(uploading)).toBe("NOT_FOUND");
    expect(await filesOf(id)).toEqual([file.id]);
    expect(await uploadBy(managing)).toBe("ok");
    expect(await uploadBy(uploading)).toBe("NOT_FOUND");
    expect(await filesOf(id)).not.toEqual([file.id]);
  });
});
