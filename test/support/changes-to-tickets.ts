import type { Speaker } from "./chat-world.js";
import { makeJpeg } from "./make-files.js";
import type { TICKET_CHANGES } from "./rights-tables.js";
import { operationOn, postOperation } from "./schema-operations.js";
import { codeIn } from "./test-client.js";
import type { SignedIn } from "./test-server.js";
import type { TicketWorld } from "./ticket-world.js";
import { textFile } from "./ticket-world.js";

/** A ticket with all that a mutation may change of it. */
export interface TicketScene {
  readonly ticketId: string;
  readonly replyId: string;
  readonly seriesId: string;
  /** Of the series, in its order. */
  readonly photoIds: readonly string[];
  readonly attachmentId: string;
  /** Somebody of the company who may be added to the ticket. */
  readonly otherId: string;
  /** Somebody who takes part in it. */
  readonly participantId: string;
}

export type TicketChange = (typeof TICKET_CHANGES)[number];

interface Change {
  readonly args: (scene: TicketScene) => Readonly<Record<string, unknown>>;
  /** The mutation that comes before it, or there is nothing to do. */
  readonly after?: TicketChange;
}

/** What is asked of every mutation of tickets, and of what hangs on them, that brings no files. */
export const CHANGES_TO_TICKETS: Readonly<Record<TicketChange, Change>> = {
  updateTicket: { args: ({ ticketId }) => ({ input: { id: ticketId, status: "PENDING" } }) },
  deleteTicket: { args: ({ ticketId }) => ({ id: ticketId }) },
  restoreTicket: { after: "deleteTicket", args: ({ ticketId }) => ({ id: ticketId }) },
  addParticipant: { args: ({ ticketId, otherId }) => ({ input: { ticketId, userId: otherId } }) },
  removeParticipant: {
    args: ({ ticketId, participantId }) => ({ input: { ticketId, userId: participantId } }),
  },
  updateReply: { args: ({ replyId }) => ({ input: { id: replyId, body: "Changed" } }) },
  deleteReply: { args: ({ replyId }) => ({ id: replyId }) },
  restoreReply: { after: "deleteReply", args: ({ replyId }) => ({ id: replyId }) },
  reorderPhotoSeries: {
    args: ({ seriesId, photoIds }) => ({ input: { seriesId, mediaFileIds: [...photoIds].reverse() } }),
  },
  captionPhoto: {
    args: ({ seriesId, photoIds }) => ({ input: { seriesId, mediaFileId: photoIds[0], caption: "Changed" } }),
  },
  removeFromPhotoSeries: {
    args: ({ seriesId, photoIds }) => ({ input: { seriesId, mediaFileId: photoIds[0] } }),
  },
  updatePost: { args: ({ seriesId }) => ({ input: { id: seriesId, description: "Changed" } }) },
  deletePost: { args: ({ seriesId }) => ({ id: seriesId }) },
  restorePost: { after: "deletePost", args: ({ seriesId }) => ({ id: seriesId }) },
  updateAttachment: { args: ({ attachmentId }) => ({ input: { id: attachmentId, description: "Changed" } }) },
  deleteAttachment: { args: ({ attachmentId }) => ({ id: attachmentId }) },
  restoreAttachment: { after: "deleteAttachment", args: ({ attachmentId }) => ({ id: attachmentId }) },
};

/** Runs a mutation by its name. */
export async function mutateAs(
  { server }: TicketWorld,
  { token }: Pick<Speaker, "token">,
  name: string,
  args: Readonly<Record<string, unknown>>,
) {
  const answer = await postOperation(server.url, operationOn("Mutation", name, args), args, token);
  return { code: codeIn(answer), told: answer.data?.told as { readonly id: string } };
}

/** A ticket of the requester's, with a reply of this person's. */
export async function makeTicketScene(
  world: TicketWorld,
  companyId: string,
  by: SignedIn,
): Promise<TicketScene> {
  const { requester, participant, customer, manager } = world.people;
  const { id: ticketId } = await world.openTicket(requester, { companyId });
  await world.addParticipant(ticketId, participant);
  const reply = await world.addReply(by, { ticketId, files: [textFile()] });
  const photos = await Promise.all([1, 2].map(async () => ({ file: await photo() })));
  const series = await mutateAs(world, manager, "createPhotoSeries", { input: { ticketId, photos } });
  const files = await world.server.database.sql<{ id: string }[]>`select media_file_id as id
    from media_post_files where post_id = ${series.told.id} order by order_index`;
  return {
    ticketId,
    replyId: reply.id,
    seriesId: series.told.id,
    photoIds: files.map(({ id }) => id),
    attachmentId: reply.attachments.nodes[0]!.id,
    otherId: customer.id,
    participantId: participant.id,
  };
}

const photo = async () =>
  new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "photo.jpg", { type: "image/jpeg" });
