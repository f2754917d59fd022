import { Arg, ID, Resolver, Root, Subscription } from "type-graphql";
import type { Delivery } from "../../../platform/events/channel.js";
import type { SubscriptionContext } from "../../../platform/graphql/context.js";
import type { Viewer } from "../../identity/viewer.js";
import { MediaFileEventEdge } from "./media-file-event.types.js";

interface Following {
  readonly args: { readonly companyId: string; readonly after?: string | null };
  readonly context: SubscriptionContext<Viewer>;
}

@Resolver()
export class MediaFileEventsResolver {
  @Subscription(() => MediaFileEventEdge, {
    description:
      "What happens to the files of a company, with each as it is when it is told. For the company's staff.",
    subscribe: ({ args, context }: Following) =>
      context.follow({ kind: "media", id: args.companyId, after: args.after }),
  })
  mediaFileEvents(
    @Root() told: Delivery<Viewer>,
    @Arg("companyId", () => ID, { description: "The company's id." }) _companyId: string,
    @Arg("after", () => String, {
      nullable: true,
      description:
        'The cursor of the last event that you have: those behind it come first. "0" gives all; none, what happens from now on.',
    })
    _after: string | null,
  ): Delivery<Viewer> {
    return told;
  }
}
