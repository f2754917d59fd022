import { Field, ObjectType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import type { AttachmentView } from "./attachment.repository.js";
import { Attachment } from "./attachment.types.js";

const ATTACHMENT = { description: "The attachment as it is now." };

@ObjectType({ simpleResolvers: true, description: "A file was attached." })
export class AttachmentAdded {
  @Field(() => Attachment, ATTACHMENT)
  attachment!: AttachmentView;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "The description, the file or the scan status of an attachment has changed, or its variants are ready (or cannot be made: see `variantsStatus` of its file). In a conversation it reports the variants; the rest of it is a `MessageUpdated` there.",
})
export class AttachmentUpdated {
  @Field(() => Attachment, ATTACHMENT)
  attachment!: AttachmentView;
}

@ObjectType({ simpleResolvers: true, description: "A deleted attachment was restored." })
export class AttachmentRestored {
  @Field(() => Attachment, ATTACHMENT)
  attachment!: AttachmentView;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "An attachment was deleted, or has been deleted since this event. One of the other ids names what it was attached to.",
})
export class AttachmentDeleted {
  @Field(() => ID, { description: "The attachment's id." })
  attachmentId!: string;

  @Field(() => ID, { nullable: true, description: "Id of the chat message that it was attached to." })
  messageId!: string | null;

  @Field(() => ID, { nullable: true, description: "Id of the ticket that it was directly attached to." })
  ticketId!: string | null;

  @Field(() => ID, { nullable: true, description: "Id of the reply that it was attached to." })
  replyId!: string | null;
}
