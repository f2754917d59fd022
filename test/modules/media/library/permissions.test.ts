import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  AddMediaUsageDocument,
  DeleteMediaFileDocument,
  MediaFileDocument,
  MediaFilesDocument,
  OrphanedMediaFilesDocument,
  PurgeOrphanedMediaDocument,
  RemoveMediaUsageDocument,
  ReplaceMediaFileDocument,
  RestoreMediaFileDocument,
  StorageReportDocument,
  UpdateMediaFileDocument,
  UploadMediaDocument,
} from "../../../support/generated/operations.js";
import { uploadMedia } from "../../../support/library-world.js";
import type { GraphQLAnswer, Query } from "../../../support/test-client.js";
import { codeIn, codeOf, createClient } from "../../../support/test-client.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

/** Nobody, two people of another company, then those of the file's own. */
const VIEWERS = [
  "anonymous",
  "stranger",
  "outsideManager",
  "customer",
  "participant",
  "requester",
  "agent",
  "manager",
  "admin",
] as const;

const SIGNS: Readonly<Record<string, string>> = {
  "✓": "ok",
  U: "UNAUTHENTICATED",
  N: "NOT_FOUND",
  F: "FORBIDDEN",
  "∅": "null",
};

interface Attempt {
  readonly ask: <Data, Variables>(
    query: Query<Data, Variables>,
    variables: Variables,
  ) => Promise<GraphQLAnswer<Data>>;
  readonly code: <Data, Variables>(query: Query<Data, Variables>, variables: Variables) => Promise<string>;
  readonly mutate: (mutation: Parameters<ReturnType<typeof createClient>["mutate"]>[0]) => Promise<string>;
  readonly download: (url: string) => Promise<number>;
}

type Row = readonly [action: string, codes: string, attempt: (attempt: Attempt) => Promise<string | number>];

const agents = () => uploadMedia(world.people.agent, { companyId });
const managers = () => uploadMedia(world.people.manager, { companyId });

/** A requester's own file on a ticket that the participant reads. */
async function customers() {
  const { requester, participant } = world.people;
  const { id, attachments } = await world.openTicket(requester, { companyId, files: [textFile()] });
  await world.addParticipant(id, participant);
  return attachments.nodes[0]!.mediaFile!;
}

/** The same, with another content since. */
async function replaced() {
  const variables = { input: { id: (await customers()).id, file: textFile() } };
  const { requester } = world.people;
  return (await requester.client.mutate({ mutation: ReplaceMediaFileDocument, variables })).data!
    .replaceMediaFile;
}

const usage = (mediaFileId: string) => ({
  input: { mediaFileId, resourceType: "page", resourceId: "1", fieldName: "banner" },
});

/** `anonymous, stranger, outside manager | customer, participant, requester | agent, manager, admin` */
const ROWS: readonly Row[] = [
  [
    "upload to the library",
    "U N N | F F F | ✓ ✓ ✓",
    ({ mutate }) =>
      mutate({
        mutation: UploadMediaDocument,
        variables: { input: { companyId, bucket: "ATTACHMENTS", file: textFile() } },
      }),
  ],
  [
    "list the library",
    "U N N | F F F | ✓ ✓ ✓",
    ({ code }) => code(MediaFilesDocument, { companyId, first: 1 }),
  ],
  [
    "read an agent's unused file",
    "U ∅ ∅ | ∅ ∅ ∅ | ✓ ✓ ✓",
    async ({ ask }) => {
      const answer = await ask(MediaFileDocument, { id: (await agents()).id });
      return answer.errors ? codeIn(answer) : answer.data?.mediaFile ? "ok" : "null";
    },
  ],
  [
    "download an agent's unused file",
    "401 404 404 | 404 404 404 | 200 200 200",
    async ({ download }) => download((await agents()).url),
  ],
  [
    "read a ticket's file",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask }) => {
      const answer = await ask(MediaFileDocument, { id: (await customers()).id });
      return answer.errors ? codeIn(answer) : answer.data?.mediaFile ? "ok" : "null";
    },
  ],
  [
    "read where a ticket's file is used",
    "U ∅ ∅ | ∅ 0 0 | 1 1 1",
    async ({ ask }) => {
      const answer = await ask(MediaFileDocument, { id: (await customers()).id });
      return answer.errors ? codeIn(answer) : (answer.data?.mediaFile?.usages.length ?? "null");
    },
  ],
  [
    "read what a requester's file held before",
    "U ∅ ∅ | ∅ 0 1 | 1 1 1",
    async ({ ask }) => {
      const answer = await ask(MediaFileDocument, { id: (await replaced()).id });
      return answer.errors ? codeIn(answer) : (answer.data?.mediaFile?.versions.length ?? "null");
    },
  ],
  [
    "download what a requester's file held before",
    "401 404 404 | 404 404 200 | 200 200 200",
    async ({ download }) => download((await replaced()).versions[0]!.url),
  ],
  [
    "rename an agent's file",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code }) =>
      code(UpdateMediaFileDocument, { input: { id: (await agents()).id, fileName: "b.txt" } }),
  ],
  [
    "rename a manager's file",
    "U N N | N N N | F ✓ ✓",
    async ({ code }) =>
      code(UpdateMediaFileDocument, { input: { id: (await managers()).id, fileName: "b.txt" } }),
  ],
  [
    "replace an agent's file",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ mutate }) => {
      const input = { id: (await agents()).id, file: textFile() };
      return mutate({ mutation: ReplaceMediaFileDocument, variables: { input } });
    },
  ],
  [
    "replace a manager's file",
    "U N N | N N N | F ✓ ✓",
    async ({ mutate }) => {
      const input = { id: (await managers()).id, file: textFile() };
      return mutate({ mutation: ReplaceMediaFileDocument, variables: { input } });
    },
  ],
  [
    "replace the file of a requester's attachment",
    "U N N | N F ✓ | F F ✓",
    async ({ mutate }) => {
      const input = { id: (await customers()).id, file: textFile() };
      return mutate({ mutation: ReplaceMediaFileDocument, variables: { input } });
    },
  ],
  [
    "delete an agent's file",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code }) => code(DeleteMediaFileDocument, { id: (await agents()).id }),
  ],
  [
    "delete a manager's file",
    "U N N | N N N | F ✓ ✓",
    async ({ code }) => code(DeleteMediaFileDocument, { id: (await managers()).id }),
  ],
  [
    "restore an agent's file",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code }) => {
      const { id } = await agents();
      await world.server.gql(DeleteMediaFileDocument, { id }, world.people.agent.token);
      return code(RestoreMediaFileDocument, { id });
    },
  ],
  [
    "restore an agent's file that a manager has deleted",
    "U N N | N N N | F ✓ ✓",
    async ({ code }) => {
      const { id } = await agents();
      await world.server.gql(DeleteMediaFileDocument, { id }, world.people.manager.token);
      return code(RestoreMediaFileDocument, { id });
    },
  ],
  [
    "restore a manager's file",
    "U N N | N N N | F ✓ ✓",
    async ({ code }) => {
      const { id } = await managers();
      await world.server.gql(DeleteMediaFileDocument, { id }, world.people.manager.token);
      return code(RestoreMediaFileDocument, { id });
    },
  ],
  [
    "add a usage of a manager's file",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code }) => code(AddMediaUsageDocument, usage((await managers()).id)),
  ],
  [
    "add a usage of a ticket's file",
    "U N N | N F F | ✓ ✓ ✓",
    async ({ code }) => code(AddMediaUsageDocument, usage((await customers()).id)),
  ],
  [
    "remove a usage",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code }) => {
      const { id } = await managers();
      await world.server.gql(AddMediaUsageDocument, usage(id), world.people.manager.token);
      return code(RemoveMediaUsageDocument, usage(id));
    },
  ],
  ["list orphans", "U N N | F F F | F ✓ ✓", ({ code }) => code(OrphanedMediaFilesDocument, { companyId })],
  [
    "purge orphans",
    "U N N | F F F | F ✓ ✓",
    ({ code }) => code(PurgeOrphanedMediaDocument, { input: { companyId, dryRun: false } }),
  ],
  [
    "read the storage report",
    "U N N | F F F | F ✓ ✓",
    ({ code }) => code(StorageReportDocument, { companyId }),
  ],
];

describe("who may do what in the library", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });
  afterAll(() => world?.close());

  function attemptOf(viewer: (typeof VIEWERS)[number]): Attempt {
    const { people, server } = world;
    const signed = viewer === "anonymous" ? null : people[viewer];
    const ask: Attempt["ask"] = (query, variables) => server.gql(query, variables, signed?.token);
    return {
      ask,
      code: async (query, variables) => codeIn(await ask(query, variables)),
      mutate: (mutation) => codeOf(createClient(server.url, signed?.token).mutate(mutation)),
      download: (url) => downloadStatus(url, signed ?? undefined),
    };
  }

  it.each(ROWS)("%s: %s", async (_action, codes, attempt) => {
    const expected = codes.split(/[ |]+/).map((sign) => SIGNS[sign] ?? sign);
    expect(expected).toHaveLength(VIEWERS.length);
    const outcomes: [string, string][] = [];
    for (const viewer of VIEWERS) outcomes.push([viewer, String(await attempt(attemptOf(viewer)))]);
    expect(Object.fromEntries(outcomes)).toEqual(
      Object.fromEntries(VIEWERS.map((viewer, index) => [viewer, expected[index]])),
    );
  });
});
