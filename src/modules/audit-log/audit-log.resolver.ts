import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { Connection } from "../../platform/graphql/connection.js";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import type { ActorView } from "../identity/actor.types.js";
import { Actor } from "../identity/actor.types.js";
import { auditResultOf } from "../identity/audit/audit-action.js";
import type { ActorLoaders } from "../identity/guests/actor.loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { AuditFilterInput } from "./audit-log.inputs.js";
import type { AuditEntryRow } from "./audit-log.repository.js";
import type { AuditLogService } from "./audit-log.service.js";
import {
  AuditActionName,
  AuditActorKind,
  AuditEntry,
  AuditEntryConnection,
  AuditResultName,
  auditActionName,
  auditActionsNamed,
} from "./audit-log.types.js";

@Resolver(() => AuditEntry)
export class AuditLogResolver {
  constructor(
    private readonly audit: AuditLogService,
    private readonly actors: ActorLoaders,
  ) {}

  @Query(() => AuditEntryConnection, {
    description:
      "The audit log, from the newest entry on. Of a company for its managers, of the whole installation for administrators.",
  })
  auditLog(
    @Arg("filter", () => AuditFilterInput, { nullable: true, description: "Which entries are listed." })
    filter: AuditFilterInput | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { viewer }: ViewerContext,
  ): Promise<Connection<AuditEntryRow>> {
    const action = filter?.action && auditActionsNamed(filter.action);
    return this.audit.browseAuditLog(viewer, { ...filter, action }, page);
  }

  @FieldResolver(() => AuditActionName, { description: "What was done." })
  action(@Root() { action }: AuditEntryRow): string {
    return auditActionName(action);
  }

  @FieldResolver(() => AuditResultName, { description: "How it ended." })
  result(@Root() { action }: AuditEntryRow): string {
    return auditResultOf(action).toUpperCase();
  }

  @FieldResolver(() => AuditActorKind, {
    nullable: true,
    description: "The kind of the actor; null for entries of versions that did not record it.",
  })
  actorKind(@Root() { actorKind }: AuditEntryRow): string | null {
    return actorKind?.toUpperCase().replace("-", "_") ?? null;
  }

  @FieldResolver(() => Actor, {
    nullable: true,
    description: "Who did it; null for the server, for anonymous callers, and for actors that are no more.",
  })
  actor(
    @Root() { actorKind, actorId }: AuditEntryRow,
    @Ctx() context: ViewerContext,
  ): Promise<ActorView | null> {
    const isUser = actorKind !== "guest" && actorKind !== "api-key";
    return this.actors.author(context, {
      userId: isUser ? actorId : null,
      guestId: actorKind === "guest" ? actorId : null,
      apiKeyId: actorKind === "api-key" ? actorId : null,
    });
  }
}
