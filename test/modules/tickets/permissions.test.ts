import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  AddParticipantDocument,
  AddReplyDocument,
  AddToPhotoSeriesDocument,
  AttachmentDocument,
  CaptionPhotoDocument,
  CreatePhotoDocument,
  CreatePhotoSeriesDocument,
  CreateTicketDocument,
  CreateVideoClipDocument,
  DeleteAttachmentDocument,
  DeletePostDocument,
  DeleteReplyDocument,
  DeleteTicketDocument,
  RemoveFromPhotoSeriesDocument,
  RemoveParticipantDocument,
  ReorderPhotoSeriesDocument,
  RestoreAttachmentDocument,
  RestorePostDocument,
  RestoreReplyDocument,
  RestoreTicketDocument,
  TicketDocument,
  TicketPostsDocument,
  TicketsDocument,
  UpdateAttachmentDocument,
  UpdatePostDocument,
  UpdateReplyDocument,
  UpdateTicketDocument,
  UploadReplyAttachmentsDocument,
  UploadTicketAttachmentsDocument,
} from "../../support/generated/operations.js";
import { fixture, makeJpeg } from "../../support/make-files.js";
import type { GraphQLAnswer, Query } from "../../support/test-client.js";
import { codeIn, codeOf, createClient } from "../../support/test-client.js";
import type { SignedIn } from "../../support/test-server.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { downloadStatus, startTicketWorld, textFile } from "../../support/ticket-world.js";

let world: TicketWorld;

/** The columns of the table: nobody, two people of another company, then those of the ticket's own. */
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

interface PreparedTicket {
  readonly ticketId: string;
  /** The requester's own on the ticket. */
  readonly attachment: { readonly id: string; readonly url: string };
}

/** What one attempt needs: the ticket is the row's own, shared by its viewers. */
interface Attempt extends PreparedTicket {
  /** Null for nobody. */
  readonly signed: SignedIn | null;
  readonly companyId: string;
  /** For what changes the ticket so that the next viewer would find it otherwise. */
  anotherTicket(): Promise<PreparedTicket>;
  ask<Data, Variables>(query: Query<Data, Variables>, variables: Variables): Promise<GraphQLAnswer<Data>>;
  /** The code of a mutation. */
  code<Data, Variables>(query: Query<Data, Variables>, variables: Variables): Promise<string>;
  client(): ReturnType<typeof createClient>;
}

type Row = readonly [action: string, codes: string, attempt: (attempt: Attempt) => Promise<string | number>];

/** What a query finds: the failure's code, "null", or "ok". */
function found<Data>(answer: GraphQLAnswer<Data>, part: (data: Data) => unknown): string {
  if (answer.errors || !answer.data) return codeIn(answer);
  return (part(answer.data) ?? null) === null ? "null" : "ok";
}

const changeTicket = (change: object) => (attempt: Attempt) =>
  attempt.code(UpdateTicketDocument, { input: { id: attempt.ticketId, ...change } });

/** A reply of somebody's, with a file on it. */
const replyBy = (who: "participant" | "requester" | "agent", ticketId: string, isInternal = false) =>
  world.addReply(world.people[who], { ticketId, isInternal, files: [textFile()] });

const attachToReply = (attempt: Attempt, replyId: string) =>
  codeOf(
    attempt.client().mutate({
      mutation: UploadReplyAttachmentsDocument,
      variables: { input: { replyId, files: [textFile()] } },
    }),
  );

async function restoreAfterDeletionBy(who: "requester" | "manager", { code, anotherTicket }: Attempt) {
  const { attachment } = await anotherTicket();
  const { client } = world.people[who];
  await client.mutate({ mutation: DeleteAttachmentDocument, variables: { id: attachment.id } });
  return code(RestoreAttachmentDocument, { id: attachment.id });
}

/** `anonymous, stranger, outside manager | other customer, participant, requester | agent, manager, admin` */
const TICKETS: readonly Row[] = [
  [
    "open a ticket, with a file",
    "U N N | ✓ ✓ ✓ | ✓ ✓ ✓",
    ({ client, companyId }) =>
      codeOf(
        client().mutate({
          mutation: CreateTicketDocument,
          variables: { input: { companyId, subject: "Hello", files: [textFile()] } },
        }),
      ),
  ],
  [
    "open a ticket, without one",
    "U N N | ✓ ✓ ✓ | ✓ ✓ ✓",
    ({ code, companyId }) => code(CreateTicketDocument, { input: { companyId, subject: "Hello" } }),
  ],
  [
    "read a ticket",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, ticketId }) => found(await ask(TicketDocument, { id: ticketId }), ({ ticket }) => ticket),
  ],
  [
    "find it in the list",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, companyId, ticketId }) => {
      const answer = await ask(TicketsDocument, { filter: { companyId }, first: 100 });
      return found(answer, ({ tickets }) => tickets.edges.find(({ node }) => node.id === ticketId));
    },
  ],
  ["change its subject", "U N N | N F ✓ | ✓ ✓ ✓", changeTicket({ subject: "Else" })],
  ["close it", "U N N | N F ✓ | ✓ ✓ ✓", changeTicket({ status: "CLOSED" })],
  [
    "open it again",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async (attempt) => {
      const input = { id: attempt.ticketId, status: "CLOSED" } as const;
      const { requester } = world.people;
      await requester.client.mutate({ mutation: UpdateTicketDocument, variables: { input } });
      return changeTicket({ status: "OPEN" })(attempt);
    },
  ],
  ["make it pending", "U N N | N F F | ✓ ✓ ✓", changeTicket({ status: "PENDING" })],
  ["resolve it", "U N N | N F F | ✓ ✓ ✓", changeTicket({ status: "RESOLVED" })],
  ["change its priority", "U N N | N F F | ✓ ✓ ✓", changeTicket({ priority: "URGENT" })],
  [
    "assign it",
    "U N N | N F F | ✓ ✓ ✓",
    (attempt) => changeTicket({ assigneeId: world.people.agent.id })(attempt),
  ],
  ["take it from its assignee", "U N N | N F F | ✓ ✓ ✓", changeTicket({ assigneeId: null })],
  [
    "add a participant",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, ticketId }) =>
      code(AddParticipantDocument, { input: { ticketId, userId: world.people.customer.id } }),
  ],
  [
    "remove the participant",
    "U N N | N ✓ F | ✓ ✓ ✓",
    async ({ code, anotherTicket }) => {
      const { ticketId } = await anotherTicket();
      return code(RemoveParticipantDocument, { input: { ticketId, userId: world.people.participant.id } });
    },
  ],
  [
    "delete it",
    "U N N | N F F | F ✓ ✓",
    async ({ code, anotherTicket }) => code(DeleteTicketDocument, { id: (await anotherTicket()).ticketId }),
  ],
  [
    "restore it",
    "U N N | N F F | F ✓ ✓",
    async ({ code, anotherTicket }) => {
      const { ticketId } = await anotherTicket();
      const { manager } = world.people;
      await manager.client.mutate({ mutation: DeleteTicketDocument, variables: { id: ticketId } });
      return code(RestoreTicketDocument, { id: ticketId });
    },
  ],
];

const REPLIES: readonly Row[] = [
  [
    "answer",
    "U N N | N ✓ ✓ | ✓ ✓ ✓",
    ({ code, ticketId }) => code(AddReplyDocument, { input: { ticketId, body: "Hm." } }),
  ],
  [
    "answer internally",
    "U N N | N F F | ✓ ✓ ✓",
    ({ code, ticketId }) => code(AddReplyDocument, { input: { ticketId, body: "Hm.", isInternal: true } }),
  ],
  [
    "read an internal reply",
    "U ∅ ∅ | ∅ ∅ ∅ | ✓ ✓ ✓",
    async ({ ask, ticketId }) => {
      const { id } = await replyBy("agent", ticketId, true);
      const answer = await ask(TicketDocument, { id: ticketId });
      return found(answer, ({ ticket }) => ticket?.replies.nodes.find((reply) => reply.id === id));
    },
  ],
  [
    "edit the participant's reply",
    "U N N | N ✓ F | F F F",
    async ({ code, ticketId }) => {
      const { id } = await replyBy("participant", ticketId);
      return code(UpdateReplyDocument, { input: { id, body: "No." } });
    },
  ],
  [
    "delete the participant's reply",
    "U N N | N ✓ F | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await replyBy("participant", ticketId);
      return code(DeleteReplyDocument, { id });
    },
  ],
  [
    "restore the participant's reply, which the participant has deleted",
    "U N N | N ✓ F | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await replyBy("participant", ticketId);
      await world.people.participant.client.mutate({ mutation: DeleteReplyDocument, variables: { id } });
      return code(RestoreReplyDocument, { id });
    },
  ],
  [
    "restore the participant's reply, which a manager has deleted",
    "U N N | N F F | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await replyBy("participant", ticketId);
      await world.people.manager.client.mutate({ mutation: DeleteReplyDocument, variables: { id } });
      return code(RestoreReplyDocument, { id });
    },
  ],
  [
    "restore an internal reply, which the agent has deleted",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await replyBy("agent", ticketId, true);
      await world.people.agent.client.mutate({ mutation: DeleteReplyDocument, variables: { id } });
      return code(RestoreReplyDocument, { id });
    },
  ],
  [
    "delete an internal reply",
    "U N N | N N N | ✓ ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await replyBy("agent", ticketId, true);
      return code(DeleteReplyDocument, { id });
    },
  ],
];

const ATTACHMENTS: readonly Row[] = [
  [
    "download a ticket's file",
    "401 404 404 | 404 200 200 | 200 200 200",
    ({ attachment, signed }) => downloadStatus(attachment.url, signed ?? undefined),
  ],
  [
    "download an internal reply's file",
    "401 404 404 | 404 404 404 | 200 200 200",
    async ({ ticketId, signed }) => {
      const [file] = (await replyBy("agent", ticketId, true)).attachments.nodes;
      const statuses = [file!.url, file!.mediaFile!.url].map((url) =>
        downloadStatus(url, signed ?? undefined),
      );
      return [...new Set(await Promise.all(statuses))].join(" and ");
    },
  ],
  [
    "read an attachment",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, attachment }) =>
      found(await ask(AttachmentDocument, { id: attachment.id }), (data) => data.attachment),
  ],
  [
    "attach a file to the ticket",
    "U N N | N F ✓ | ✓ ✓ ✓",
    ({ client, ticketId }) =>
      codeOf(
        client().mutate({
          mutation: UploadTicketAttachmentsDocument,
          variables: { input: { ticketId, files: [textFile()] } },
        }),
      ),
  ],
  [
    "attach a file to the participant's reply",
    "U N N | N ✓ F | ✓ ✓ ✓",
    async (attempt) => attachToReply(attempt, (await replyBy("participant", attempt.ticketId)).id),
  ],
  [
    "attach a file to the requester's reply",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async (attempt) => attachToReply(attempt, (await replyBy("requester", attempt.ticketId)).id),
  ],
  [
    "attach a file to an internal reply",
    "U N N | N N N | ✓ ✓ ✓",
    async (attempt) => attachToReply(attempt, (await replyBy("agent", attempt.ticketId, true)).id),
  ],
  [
    "describe the requester's attachment",
    "U N N | N F ✓ | ✓ ✓ ✓",
    ({ code, attachment }) =>
      code(UpdateAttachmentDocument, { input: { id: attachment.id, description: "The knob" } }),
  ],
  [
    "delete the requester's attachment",
    "U N N | N F ✓ | F ✓ ✓",
    async ({ code, anotherTicket }) =>
      code(DeleteAttachmentDocument, { id: (await anotherTicket()).attachment.id }),
  ],
  [
    "restore the requester's attachment, which the requester has deleted",
    "U N N | N F ✓ | F ✓ ✓",
    async (attempt) => restoreAfterDeletionBy("requester", attempt),
  ],
  [
    "restore the requester's attachment, which a manager has deleted",
    "U N N | N F F | F ✓ ✓",
    async (attempt) => restoreAfterDeletionBy("manager", attempt),
  ],
  [
    "delete the attachment of one's own reply",
    "U N N | N ✓ F | F ✓ ✓",
    async ({ code, ticketId }) => {
      const [file] = (await replyBy("participant", ticketId)).attachments.nodes;
      return code(DeleteAttachmentDocument, { id: file!.id });
    },
  ],
];

/** One of somebody's posts, made anew. */
const seriesBy = async (who: "requester" | "agent", ticketId: string) => {
  const photos = [{ file: await photoFile() }, { file: await photoFile() }];
  const variables = { input: { ticketId, photos } };
  const { data } = await world.people[who].client.mutate({ mutation: CreatePhotoSeriesDocument, variables });
  const series = data!.createPhotoSeries as unknown as {
    photos: { mediaFileId: string; file: { url: string } }[];
  };
  return { id: data!.createPhotoSeries.id, photos: series.photos };
};
const photoFile = async () => new File([new Uint8Array(await makeJpeg({ width: 8, height: 8 }))], "a.jpg");

const POSTS: readonly Row[] = [
  [
    "post a photo",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async ({ client, ticketId }) =>
      codeOf(
        client().mutate({
          mutation: CreatePhotoDocument,
          variables: { input: { ticketId, file: await photoFile() } },
        }),
      ),
  ],
  [
    "post a series",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async ({ client, ticketId }) =>
      codeOf(
        client().mutate({
          mutation: CreatePhotoSeriesDocument,
          variables: { input: { ticketId, photos: [{ file: await photoFile() }] } },
        }),
      ),
  ],
  [
    "post a clip",
    "U N N | N F ✓ | ✓ ✓ ✓",
    ({ client, ticketId }) =>
      codeOf(
        client().mutate({
          mutation: CreateVideoClipDocument,
          variables: { input: { ticketId, file: new File([new Uint8Array(fixture("clip.mp4"))], "a.mp4") } },
        }),
      ),
  ],
  [
    "read posts",
    "U ∅ ∅ | ∅ ✓ ✓ | ✓ ✓ ✓",
    async ({ ask, ticketId }) => {
      const { id } = await seriesBy("requester", ticketId);
      const answer = await ask(TicketPostsDocument, { id: ticketId, last: 5 });
      return found(answer, ({ ticket }) => ticket?.posts.nodes.find((node) => node.id === id));
    },
  ],
  [
    "download a post's file",
    "401 404 404 | 404 200 200 | 200 200 200",
    async ({ ticketId, signed }) =>
      downloadStatus((await seriesBy("agent", ticketId)).photos[0]!.file.url, signed ?? undefined),
  ],
  [
    "add to the requester's series",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async ({ client, ticketId }) => {
      const { id } = await seriesBy("requester", ticketId);
      const input = { seriesId: id, photos: [{ file: await photoFile() }] };
      return codeOf(client().mutate({ mutation: AddToPhotoSeriesDocument, variables: { input } }));
    },
  ],
  [
    "reorder the requester's series",
    "U N N | N F ✓ | ✓ ✓ ✓",
    async ({ code, ticketId }) => {
      const { id, photos } = await seriesBy("requester", ticketId);
      const mediaFileIds = photos.map((photo) => photo.mediaFileId).reverse();
      return code(ReorderPhotoSeriesDocument, { input: { seriesId: id, mediaFileIds } });
    },
  ],
  [
    "caption a photo of the agent's series",
    "U N N | N F F | ✓ ✓ ✓",
    async ({ code, ticketId }) => {
      const { id, photos } = await seriesBy("agent", ticketId);
      const mediaFileId = photos[0]!.mediaFileId;
      return code(CaptionPhotoDocument, { input: { seriesId: id, mediaFileId, caption: "Hm" } });
    },
  ],
  [
    "take a photo out of the requester's series",
    "U N N | N F ✓ | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id, photos } = await seriesBy("requester", ticketId);
      const mediaFileId = photos[0]!.mediaFileId;
      return code(RemoveFromPhotoSeriesDocument, { input: { seriesId: id, mediaFileId } });
    },
  ],
  [
    "change the description of the requester's post",
    "U N N | N F ✓ | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await seriesBy("requester", ticketId);
      return code(UpdatePostDocument, { input: { id, description: "Both" } });
    },
  ],
  [
    "delete the requester's post",
    "U N N | N F ✓ | F ✓ ✓",
    async ({ code, ticketId }) =>
      code(DeletePostDocument, { id: (await seriesBy("requester", ticketId)).id }),
  ],
  [
    "restore the requester's post, which the requester has deleted",
    "U N N | N F ✓ | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await seriesBy("requester", ticketId);
      await world.people.requester.client.mutate({ mutation: DeletePostDocument, variables: { id } });
      return code(RestorePostDocument, { id });
    },
  ],
  [
    "restore the requester's post, which an administrator has deleted",
    "U N N | N F F | F ✓ ✓",
    async ({ code, ticketId }) => {
      const { id } = await seriesBy("requester", ticketId);
      await world.people.admin.client.mutate({ mutation: DeletePostDocument, variables: { id } });
      return code(RestorePostDocument, { id });
    },
  ],
];

describe("permissions", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });

  afterAll(() => world?.close());

  describe.each([
    ["posts", POSTS],
    ["tickets", TICKETS],
    ["replies", REPLIES],
    ["attachments", ATTACHMENTS],
  ])("who may do what: %s", (_subject, rows) => {
    let companyId: string;
    beforeAll(async () => {
      companyId = await world.newCompany();
    });

    async function prepareTicket(): Promise<PreparedTicket> {
      const { requester, participant } = world.people;
      const { id, attachments } = await world.openTicket(requester, { companyId, files: [textFile()] });
      await world.addParticipant(id, participant);
      return { ticketId: id, attachment: attachments.nodes[0]! };
    }

    function attemptOf(viewer: (typeof VIEWERS)[number], ticket: PreparedTicket): Attempt {
      const { people, server } = world;
      const signed = viewer === "anonymous" ? null : people[viewer];
      const ask: Attempt["ask"] = (query, variables) => server.gql(query, variables, signed?.token);
      return {
        ...ticket,
        signed,
        companyId,
        anotherTicket: prepareTicket,
        ask,
        code: async (query, variables) => codeIn(await ask(query, variables)),
        client: () => createClient(server.url, signed?.token),
      };
    }

    it.each(rows)("%s: %s", async (_action, codes, attempt) => {
      const expected = codes.split(/[ |]+/).map((sign) => SIGNS[sign] ?? sign);
      expect(expected).toHaveLength(VIEWERS.length);
      const ticket = await prepareTicket();
      const outcomes: [string, string][] = [];
      for (const viewer of VIEWERS) outcomes.push([viewer, String(await attempt(attemptOf(viewer, ticket)))]);
      expect(Object.fromEntries(outcomes)).toEqual(
        Object.fromEntries(VIEWERS.map((viewer, index) => [viewer, expected[index]])),
      );
    });
  });
});
