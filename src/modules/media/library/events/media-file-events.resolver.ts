import { Arg, Ctx, FieldResolver, Resolver, Root, Subscription } from "type-graphql";
import type { Delivery } from "../../../../platform/events/feed/channel.js";
import type { SubscriptionContext } from "../../../../platform/graphql/context.js";
import type { EventCursorLoaders } from "../../../../platform/graphql/event-cursor.loaders.js";
import { EVENT_CURSOR } from "../../../../platform/graphql/event-cursor.loaders.js";
import { ID } from "../../../../platform/graphql/scalars.js";
import type { EventUrls } from "../../../../platform/graphql/subscriptions/event-urls.js";
import { EVENTS_URL } from "../../../../platform/graphql/subscriptions/event-urls.js";
import { Company } from "../../../identity/companies/company.types.js";
import type { CompanyRow } from "../../../identity/company.tables.js";
import type { Viewer, ViewerContext } from "../../../identity/viewer.js";
import { libraryPolicy } from "../library.policy.js";
import { MediaFileEventEdge } from "./media-file-event.types.js";

interface Following {
  readonly args: { readonly companyId: string; readonly after?: string | null };
  readonly context: SubscriptionContext<Viewer>;
}

@Resolver(() => Company)
export class MediaFileEventsResolver {
  constructor(
    private readonly eventUrls: EventUrls,
    private readonly eventCursors: EventCursorLoaders,
  ) {}

  @FieldResolver(() => String, {
    nullable: true,
    description: `Current position of the events of its files: pass it as \`after\` to \`mediaFileEvents\`. ${EVENT_CURSOR} For its staff, and API keys with \`READ\`; null for others.`,
  })
  mediaFileEventCursor(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return libraryPolicy.browseTheFilesOf(context.viewer, company)
      ? this.eventCursors.ofTopic(context).load(`media:${company.id}`)
      : null;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: `Absolute URL of the events of its files as Server-Sent Events, ${EVENTS_URL} For its staff, and API keys with \`READ\`; null for others.`,
  })
  mediaFileEventsUrl(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return libraryPolicy.browseTheFilesOf(context.viewer, company)
      ? this.eventUrls.ofTopic(context, "media", company.id)
      : null;
  }

  @Subscription(() => MediaFileEventEdge, {
    description:
      "Events of a company's files, each with the file as it is at delivery. For the staff of the company, and its API keys with `READ`, which are told of no files of tickets, conversations and people.",
    subscribe: ({ args, context }: Following) =>
      context.subscribe({ kind: "media", id: args.companyId, after: args.after }),
  })
  mediaFileEvents(
    @Root() delivery: Delivery<Viewer>,
    @Arg("companyId", () => ID, { description: "The company's id." }) _companyId: string,
    @Arg("after", () => String, {
      nullable: true,
      description:
        'Cursor of the last event that the client has: later events are sent first. "0": all events from the beginning; without it, only new events.',
    })
    _after: string | null,
  ): Delivery<Viewer> {
    return delivery;
  }
}
