import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { asksForBody } from "../../platform/graphql/asked-fields.js";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import { incomingFiles } from "../../platform/graphql/incoming.js";
import { ID } from "../../platform/graphql/scalars.js";
import type { AttachmentLoaders } from "../attachments/attachment.loaders.js";
import { Attachment, AttachmentConnection } from "../attachments/attachment.types.js";
import type { CompanyLoaders } from "../identity/company.loaders.js";
import { Company } from "../identity/company.types.js";
import type { UserLoaders } from "../identity/user.loaders.js";
import { User } from "../identity/user.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import { ReplyConnection } from "./reply.types.js";
import {
  CreateTicketInput,
  ParticipantInput,
  TicketFilterInput,
  TicketOrderInput,
  UpdateTicketInput,
  UploadTicketAttachmentsInput,
} from "./ticket.inputs.js";
import type { TicketLoaders } from "./ticket.loaders.js";
import type { ListedTicket } from "./ticket.repository.js";
import type { TicketService } from "./ticket.service.js";
import { Ticket, TicketConnection } from "./ticket.types.js";
import type { TicketDeletionService } from "./ticket-deletion.service.js";
import type { TicketParticipantService } from "./ticket-participant.service.js";
import type { UploadService } from "./upload.service.js";

const newestFirst: TicketOrderInput = { field: "CREATED_AT", direction: "DESC" };

@Resolver(() => Ticket)
export class TicketResolver {
  constructor(
    private readonly tickets: TicketService,
    private readonly deletions: TicketDeletionService,
    private readonly participations: TicketParticipantService,
    private readonly uploads: UploadService,
    private readonly loaders: TicketLoaders,
    private readonly attachmentLoaders: AttachmentLoaders,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Query(() => Ticket, {
    nullable: true,
    description: "One ticket; null when it does not exist, is deleted, or is not for you.",
  })
  ticket(
    @Arg("id", () => ID, { description: "The ticket's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.tickets.ticket(viewer, id);
  }

  @Query(() => TicketConnection, {
    description:
      "The tickets that you may see: all of the companies you work for, elsewhere those you take part in.",
    name: "tickets",
  })
  listTickets(
    @Arg("filter", () => TicketFilterInput, { nullable: true, description: "Which of them." })
    filter: TicketFilterInput | null,
    @Arg("orderBy", () => TicketOrderInput, {
      nullable: true,
      description: "In which order; by default the newest first.",
    })
    orderBy: TicketOrderInput | null,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.tickets.listTickets(viewer, { filter: filter ?? {}, order: orderBy ?? newestFirst, page });
  }

  @Mutation(() => Ticket, {
    description: "Opens a ticket, with files or without; all or nothing. For everybody of the company.",
  })
  createTicket(
    @Arg("input", () => CreateTicketInput, { description: "The ticket." }) input: CreateTicketInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.tickets.openTicket(context.viewer, input, incomingFiles(input.files, context));
  }

  @Mutation(() => Ticket, { description: "Changes a ticket." })
  updateTicket(
    @Arg("input", () => UpdateTicketInput, { description: "What to change." }) input: UpdateTicketInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.tickets.changeTicket(viewer, input);
  }

  @Mutation(() => Ticket, {
    description: "Deletes a ticket with all that hangs on it; for 14 days it can be restored. For managers.",
  })
  deleteTicket(
    @Arg("id", () => ID, { description: "The ticket's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.deleteTicket(viewer, id);
  }

  @Mutation(() => Ticket, { description: "Brings a deleted ticket back. For managers." })
  restoreTicket(
    @Arg("id", () => ID, { description: "The ticket's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.restoreTicket(viewer, id);
  }

  @Mutation(() => Ticket, { description: "Lets a person of the company read along and answer. For staff." })
  addParticipant(
    @Arg("input", () => ParticipantInput, { description: "Who, and where." }) input: ParticipantInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.participations.addParticipant(viewer, input);
  }

  @Mutation(() => Ticket, { description: "Takes a participant off a ticket. For staff, and for oneself." })
  removeParticipant(
    @Arg("input", () => ParticipantInput, { description: "Who, and where." }) input: ParticipantInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.participations.removeParticipant(viewer, input);
  }

  @Mutation(() => [Attachment], {
    description: "Attaches files to a ticket, all or nothing. For its requester and staff.",
  })
  uploadTicketAttachments(
    @Arg("input", () => UploadTicketAttachmentsInput, { description: "The files." })
    input: UploadTicketAttachmentsInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.uploadToTicket(
      context.viewer,
      { ticketId: input.ticketId, description: input.description ?? null },
      incomingFiles(input.files, context),
    );
  }

  @FieldResolver()
  description(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return ticket.description ?? this.loaders.descriptions(context).load(ticket.id);
  }

  @FieldResolver(() => Company, { description: "The company that is asked." })
  company(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return this.companies.byId(context).load(ticket.companyId);
  }

  @FieldResolver(() => User, { description: "Who asks." })
  requester(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return this.users.byId(context).load(ticket.requesterId);
  }

  @FieldResolver(() => User, { nullable: true, description: "Who of the staff takes care of it." })
  assignee(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return ticket.assigneeId === null ? null : this.users.byId(context).load(ticket.assigneeId);
  }

  @FieldResolver(() => [User], { description: "Who reads along besides the requester: 50 people at most." })
  participants(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return this.loaders.participants(context).load(ticket.id);
  }

  @FieldResolver(() => AttachmentConnection, {
    description: "The files on the ticket itself, in the order of uploading.",
  })
  attachments(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachmentLoaders.ofTicket(context, page).load(ticket.id);
  }

  @FieldResolver(() => ReplyConnection, {
    description: "Its answers, oldest first; `last: 3` gives the three newest.",
  })
  replies(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return this.loaders.replies(context, { ...page, withBodies: asksForBody(info) }).load(ticket.id);
  }
}
