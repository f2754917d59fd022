import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { ID } from "../../../platform/graphql/scalars.js";
import type { CompanyLoaders } from "../../identity/companies/company.loaders.js";
import { Company } from "../../identity/companies/company.types.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import {
  ConversationFilterInput,
  ConversationParticipantInput,
  StartConversationInput,
} from "./conversation.inputs.js";
import type { ConversationLoaders } from "./conversation.loaders.js";
import type { ConversationView } from "./conversation.repository.js";
import type { ConversationService } from "./conversation.service.js";
import { Conversation, ConversationConnection } from "./conversation.types.js";
import type { ConversationParticipantService } from "./conversation-participant.service.js";

const CONVERSATION_ID = { description: "The conversation's id." };

@Resolver(() => Conversation)
export class ConversationResolver {
  constructor(
    private readonly conversations: ConversationService,
    private readonly participations: ConversationParticipantService,
    private readonly loaders: ConversationLoaders,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Query(() => Conversation, {
    nullable: true,
    description: "One conversation; null if it does not exist or is not visible to the viewer.",
  })
  conversation(@Arg("id", () => ID, CONVERSATION_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.conversations.conversation(viewer, id);
  }

  @Query(() => ConversationConnection, {
    description:
      "The conversations that the viewer may see, by latest activity: for staff all of their companies, for others those in which they participate, for a guest its one conversation.",
    name: "conversations",
  })
  listConversations(
    @Arg("filter", () => ConversationFilterInput, { nullable: true, description: "Restricts the list." })
    filter: ConversationFilterInput | null,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.conversations.listConversations(viewer, filter ?? {}, page);
  }

  @Mutation(() => Conversation, { description: "Starts a conversation. For the company's staff." })
  startConversation(
    @Arg("input", () => StartConversationInput, { description: "The conversation." })
    input: StartConversationInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.conversations.startConversation(viewer, input);
  }

  @Mutation(() => Conversation, {
    description: "Closes a conversation: it can be read, but accepts no new messages. For staff.",
  })
  closeConversation(@Arg("id", () => ID, CONVERSATION_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.conversations.closeConversation(viewer, id);
  }

  @Mutation(() => Conversation, { description: "Reopens a closed conversation. For staff." })
  reopenConversation(@Arg("id", () => ID, CONVERSATION_ID) id: string, @Ctx() { viewer }: ViewerContext) {
    return this.conversations.reopenConversation(viewer, id);
  }

  @Mutation(() => Conversation, { description: "Adds a person of the company as a participant. For staff." })
  addConversationParticipant(
    @Arg("input", () => ConversationParticipantInput, {
      description: "The person, and where they participate.",
    })
    input: ConversationParticipantInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.participations.addParticipant(viewer, input);
  }

  @Mutation(() => Conversation, {
    description: "Removes a participant from a conversation. For staff; participants may remove themselves.",
  })
  removeConversationParticipant(
    @Arg("input", () => ConversationParticipantInput, {
      description: "The person, and where they participate.",
    })
    input: ConversationParticipantInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.participations.removeParticipant(viewer, input);
  }

  @FieldResolver(() => Company, { description: "The company that it belongs to." })
  company(@Root() { companyId }: ConversationView, @Ctx() context: ViewerContext) {
    return this.companies.byId(context).load(companyId);
  }

  @FieldResolver(() => User, { description: "Who started it." })
  startedBy(@Root() conversation: ConversationView, @Ctx() context: ViewerContext) {
    return this.users.byId(context).load(conversation.startedBy);
  }

  @FieldResolver(() => User, { nullable: true, description: "Who closed it; null while it is open." })
  closedBy(@Root() { closedBy }: ConversationView, @Ctx() context: ViewerContext) {
    return closedBy === null ? null : this.users.byId(context).load(closedBy);
  }

  @FieldResolver(() => [User], {
    description: "Participants with an account, up to 50, in the order in which they were added.",
  })
  participants(@Root() { id }: ConversationView, @Ctx() context: ViewerContext) {
    return this.loaders.participants(context).load(id);
  }
}
