import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../../platform/graphql/scalars.js";
import { Guest } from "../../identity/guests/guest.types.js";
import { Conversation } from "../conversations/conversation.types.js";

@ObjectType({
  description: "A new invitation of a guest. Its token is returned only here.",
  simpleResolvers: true,
})
export class GuestInvitation {
  @Field(() => String, { description: "Token for `joinAsGuest`. The server stores only its hash." })
  token!: string;

  @Field(() => String, {
    description: "Link with the token, in the form of the setting GUEST_URL.",
  })
  url!: string;

  @Field(() => Guest, { description: "The invited guest." })
  guest!: Guest;
}

@ObjectType({ description: "A short session of a guest.", simpleResolvers: true })
export class GuestSession {
  @Field(() => String, {
    description: "Send it as `Authorization: Bearer <accessToken>`; `joinAsGuest` returns the next one.",
  })
  accessToken!: string;

  @Field(() => DateTime, { description: "When the access token expires." })
  expiresAt!: Date;

  @Field(() => Conversation, {
    description:
      "The conversation of the guest. To query its messages and other nested fields, use the access token.",
  })
  conversation!: Conversation;

  @Field(() => Guest, { description: "The guest." })
  guest!: Guest;
}
