import type { TicketScene } from "./changes-to-tickets.js";
import { fixture, makePng } from "./make-files.js";
import type { MUTATIONS_WITH_FILES } from "./rights-tables.js";
import { textFile } from "./ticket-world.js";

/** A ticket with what hangs on it, a conversation about it, and a file of the library. */
export interface FileScene extends TicketScene {
  readonly companyId: string;
  readonly conversationId: string;
  /** One of the manager's in the conversation. */
  readonly messageId: string;
  readonly mediaFileId: string;
}

type Args = Readonly<Record<string, unknown>>;

let made = 0;
const picture = async () =>
  new File([new Uint8Array(await makePng({ width: 40 + ++made, height: 30 }))], "picture.png", {
    type: "image/png",
  });
const clip = () => new File([new Uint8Array(fixture("clip.mp4"))], "clip.mp4", { type: "video/mp4" });

/** What is asked of every mutation that takes files. */
export const CHANGES_WITH_FILES: Readonly<
  Record<(typeof MUTATIONS_WITH_FILES)[number], (scene: FileScene) => Promise<Args>>
> = {
  addMessageAttachments: async ({ messageId }) => ({ input: { messageId, files: [textFile()] } }),
  addReply: async ({ ticketId }) => ({ input: { ticketId, body: "Look", files: [textFile()] } }),
  addToPhotoSeries: async ({ seriesId }) => ({ input: { seriesId, photos: [{ file: await picture() }] } }),
  createCompany: async () => ({ input: { slug: `shown-${++made}`, name: "Shown", logo: await picture() } }),
  createPhoto: async ({ ticketId }) => ({ input: { ticketId, file: await picture() } }),
  createPhotoSeries: async ({ ticketId }) => ({ input: { ticketId, photos: [{ file: await picture() }] } }),
  createTicket: async ({ companyId }) => ({ input: { companyId, subject: "It hums", files: [textFile()] } }),
  createVideoClip: async ({ ticketId }) => ({ input: { ticketId, file: clip() } }),
  replaceMediaFile: async ({ mediaFileId }) => ({ input: { id: mediaFileId, file: textFile() } }),
  sendMessage: async ({ conversationId }) => ({ input: { conversationId, files: [textFile()] } }),
  setAvatar: async () => ({ file: await picture() }),
  setCompanyBackground: async ({ companyId }) => ({
    input: { companyId, background: "LOGIN", file: await picture() },
  }),
  setCompanyLogo: async ({ companyId }) => ({ input: { companyId, file: await picture() } }),
  updateCompany: async ({ companyId }) => ({
    input: { id: companyId, name: "Renamed", logo: await picture() },
  }),
  uploadMedia: async ({ companyId }) => ({ input: { companyId, bucket: "ATTACHMENTS", file: textFile() } }),
  uploadReplyAttachments: async ({ replyId }) => ({ input: { replyId, files: [textFile()] } }),
  uploadTicketAttachments: async ({ ticketId }) => ({ input: { ticketId, files: [textFile()] } }),
};
