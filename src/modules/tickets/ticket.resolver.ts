import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import { asksForBody } from "../../platform/graphql/asked-fields.js";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import { requestFiles } from "../../platform/graphql/request-files.js";
import { ID } from "../../platform/graphql/scalars.js";
import type { AttachmentLoaders } from "../attachments/attachment.loaders.js";
import { Attachment, AttachmentConnection } from "../attachments/attachment.types.js";
import type { CompanyLoaders } from "../identity/companies/company.loaders.js";
import { Company } from "../identity/companies/company.types.js";
import type { UserLoaders } from "../identity/users/user.loaders.js";
import { User } from "../identity/users/user.types.js";
import type { ViewerContext } from "../identity/viewer.js";
import type { AttachmentUploadService } from "./attachment-upload.service.js";
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
import type { TicketParticipantService } from "./ticket-participant.service.js";

const newestFirst: TicketOrderInput = { field: "CREATED_AT", direction: "DESC" };

@Resolver(() => Ticket)
export class TicketResolver {
  constructor(
    private readonly tickets: TicketService,
    private readonly participations: TicketParticipantService,
    private readonly uploads: AttachmentUploadService,
    private readonly loaders: TicketLoaders,
    private readonly attachmentLoaders: AttachmentLoaders,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Query(() => Ticket, {
    nullable: true,
    description: "One ticket; null if it does not exist, is deleted, or is not visible to the viewer.",
  })
  ticket(
    @Arg("id", () => ID, { description: "The ticket's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.tickets.ticket(viewer, id);
  }

  @Query(() => TicketConnection, {
    description:
      "The tickets that the viewer may see: for staff all of their companies, for others those of which they are requester or participant.",
    name: "tickets",
  })
  listTickets(
    @Arg("filter", () => TicketFilterInput, { nullable: true, description: "Restricts the list." })
    filter: TicketFilterInput | null,
    @Arg("orderBy", () => TicketOrderInput, {
      nullable: true,
      description: "Order of the list; by default the newest first.",
    })
    orderBy: TicketOrderInput | null,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.tickets.listTickets(viewer, { filter: filter ?? {}, order: orderBy ?? newestFirst, page });
  }

  @Mutation(() => Ticket, {
    description:
      "Opens a ticket, with or without files; either everything is stored or nothing. For all members of the company.",
  })
  createTicket(
    @Arg("input", () => CreateTicketInput, { description: "The ticket." }) input: CreateTicketInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.tickets.openTicket(context.viewer, input, requestFiles(input, context));
  }

  @Mutation(() => Ticket, { description: "Changes a ticket." })
  updateTicket(
    @Arg("input", () => UpdateTicketInput, { description: "The changes." }) input: UpdateTicketInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.tickets.changeTicket(viewer, input);
  }

  @Mutation(() => Ticket, {
    description:
      "Adds a person of the company as a participant, who may read and answer the ticket. For staff.",
  })
  addParticipant(
    @Arg("input", () => ParticipantInput, { description: "The person, and where they participate." })
    input: ParticipantInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.participations.addParticipant(viewer, input);
  }

  @Mutation(() => Ticket, {
    description: "Removes a participant from a ticket. For staff; participants may remove themselves.",
  })
  removeParticipant(
    @Arg("input", () => ParticipantInput, { description: "The person, and where they participate." })
    input: ParticipantInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.participations.removeParticipant(viewer, input);
  }

  @Mutation(() => [Attachment], {
    description: "Attaches files to a ticket, either all or none. For its requester and staff.",
  })
  uploadTicketAttachments(
    @Arg("input", () => UploadTicketAttachmentsInput, { description: "The files." })
    input: UploadTicketAttachmentsInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.uploads.uploadToTicket(
      context.viewer,
      { ticketId: input.ticketId, description: input.description ?? null },
      requestFiles(input, context),
    );
  }

  @FieldResolver()
  description(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return ticket.description ?? this.loaders.descriptions(context).load(ticket.id);
  }

  @FieldResolver(() => Company, { description: "The company that the ticket is for." })
  company(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return this.companies.byId(context).load(ticket.companyId);
  }

  @FieldResolver(() => User, { description: "The person who made the request." })
  requester(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return this.users.byId(context).load(ticket.requesterId);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "The member of staff who is responsible for it.",
  })
  assignee(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return ticket.assigneeId === null ? null : this.users.byId(context).load(ticket.assigneeId);
  }

  @FieldResolver(() => [User], {
    description: "People besides the requester who may read and answer it: at most 50.",
  })
  participants(@Root() ticket: ListedTicket, @Ctx() context: ViewerContext) {
    return this.loaders.participants(context).load(ticket.id);
  }

  @FieldResolver(() => AttachmentConnection, {
    description: "Files attached to the ticket itself (not to its replies), in the order of upload.",
  })
  attachments(
    @Root() ticket: ListedTicket,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: ViewerContext,
  ) {
    return this.attachmentLoaders.ofTicket(context, page).load(ticket.id);
  }

  @FieldResolver(() => ReplyConnection, {
    description: "Its replies, oldest first; `last: 3` returns the three newest.",
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
