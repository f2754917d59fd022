import { Field, ObjectType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import type { AttachmentView } from "./attachment.repository.js";
import { Attachment } from "./attachment.types.js";

const ATTACHMENT = { description: "The attachment as it is now." };

@ObjectType({ simpleResolvers: true, description: "A file has been attached." })
export class AttachmentAdded {
  @Field(() => Attachment, ATTACHMENT)
  attachment!: AttachmentView;
}

@ObjectType({
  simpleResolvers: true,
  description: "What is said of an attachment, or its file, has changed.",
})
export class AttachmentUpdated {
  @Field(() => Attachment, ATTACHMENT)
  attachment!: AttachmentView;
}

@ObjectType({ simpleResolvers: true, description: "A deleted attachment has been brought back." })
export class AttachmentRestored {
  @Field(() => Attachment, ATTACHMENT)
  attachment!: AttachmentView;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "An attachment has been deleted, or is deleted by now. One of the others says what it hung on.",
})
export class AttachmentDeleted {
  @Field(() => ID, { description: "The attachment's id." })
  attachmentId!: string;

  @Field(() => ID, { nullable: true, description: "The id of the chat message that it hung on." })
  messageId!: string | null;

  @Field(() => ID, { nullable: true, description: "The id of the ticket that it hung on by itself." })
  ticketId!: string | null;

  @Field(() => ID, { nullable: true, description: "The id of the reply that it hung on." })
  replyId!: string | null;
}
