import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../platform/graphql/scalars.js";
import { Guest } from "../identity/guest.types.js";
import { Conversation } from "./conversation.types.js";

@ObjectType({
  description: "An invitation that was just made. Its token is told this once.",
  simpleResolvers: true,
})
export class GuestInvitation {
  @Field(() => String, { description: "Lets whoever has it in, by `joinAsGuest`. It is not kept: keep it." })
  token!: string;

  @Field(() => String, {
    description: "A link with the token in its fragment, so that it reaches no server's log.",
  })
  url!: string;

  @Field(() => Guest, { description: "Whom it is for." })
  guest!: Guest;
}

@ObjectType({ description: "A short session of a guest's.", simpleResolvers: true })
export class GuestSession {
  @Field(() => String, {
    description: "Send it as `Authorization: Bearer <accessToken>`; `joinAsGuest` gives the next.",
  })
  accessToken!: string;

  @Field(() => DateTime, { description: "When the access token ends." })
  expiresAt!: Date;

  @Field(() => Conversation, {
    description:
      "The conversation that the guest is let into. What hangs on it is for who asks with the access token.",
  })
  conversation!: Conversation;

  @Field(() => Guest, { description: "Who the guest is here." })
  guest!: Guest;
}
