import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { Guest } from "../../identity/guests/guest.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { Conversation } from "../conversations/conversation.types.js";
import type { ConversationGuestsLoaders } from "./conversation-guests.loaders.js";

/** The guests of a conversation. */
@Resolver(() => Conversation)
export class ConversationGuestsResolver {
  constructor(private readonly loaders: ConversationGuestsLoaders) {}

  @FieldResolver(() => [Guest], {
    description:
      "Its guests, the 100 newest, oldest first. Staff see all invited guests, others only guests who have joined.",
  })
  guests(@Root() { id }: ConversationView, @Ctx() context: ViewerContext) {
    return this.loaders.guests(context).load(id);
  }
}
