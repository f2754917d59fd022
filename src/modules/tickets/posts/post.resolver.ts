import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { TicketLoaders } from "../ticket.loaders.js";
import { Ticket } from "../ticket.types.js";
import { incomingPostItems } from "./incoming-post-items.js";
import {
  CreatePhotoInput,
  CreatePhotoSeriesInput,
  CreateVideoClipInput,
  UpdatePostInput,
} from "./post.inputs.js";
import type { PostService } from "./post.service.js";
import type { PostRow } from "./post.tables.js";
import { Photo, PhotoSeries, Post, VideoClip } from "./post.types.js";
import type { PostChangeService } from "./post-change.service.js";
import type { PostDeletionService } from "./post-deletion.service.js";

@Resolver(() => Post)
export class PostResolver {
  constructor(
    private readonly posts: PostService,
    private readonly changes: PostChangeService,
    private readonly deletions: PostDeletionService,
    private readonly tickets: TicketLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Mutation(() => Photo, {
    description: "Posts a photo on a ticket's timeline. For the ticket's requester and staff.",
  })
  createPhoto(
    @Arg("input", () => CreatePhotoInput, { description: "The photo." }) input: CreatePhotoInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.posts.postPhoto(context.viewer, { ...input, ...incomingPostItems([input], context) });
  }

  @Mutation(() => PhotoSeries, {
    description:
      "Posts an ordered series of photos on a ticket's timeline, either all or none. For the ticket's requester and staff.",
  })
  createPhotoSeries(
    @Arg("input", () => CreatePhotoSeriesInput, { description: "The photos." }) input: CreatePhotoSeriesInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.posts.postSeries(context.viewer, { ...input, ...incomingPostItems(input.photos, context) });
  }

  @Mutation(() => VideoClip, {
    description:
      "Posts a short video on a ticket's timeline, by default of up to 120 seconds and 100 MiB. For the ticket's requester and staff.",
  })
  createVideoClip(
    @Arg("input", () => CreateVideoClipInput, { description: "The clip." }) input: CreateVideoClipInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.posts.postClip(context.viewer, { ...input, ...incomingPostItems([input], context) });
  }

  @Mutation(() => Post, {
    description: "Changes the description of a post. For its author and managers.",
  })
  updatePost(
    @Arg("input", () => UpdatePostInput, { description: "The changes." }) input: UpdatePostInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.changes.describePost(viewer, input);
  }

  @Mutation(() => Post, {
    description:
      "Deletes a post with its files: it is removed from all lists. It can be restored, by default for 14 days. For its author and managers.",
  })
  deletePost(
    @Arg("id", () => ID, { description: "The post's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.deletePost(viewer, id);
  }

  @Mutation(() => Post, {
    description: "Restores a deleted post. For its author, if nobody else has deleted it, and managers.",
  })
  restorePost(
    @Arg("id", () => ID, { description: "The post's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.deletions.restorePost(viewer, id);
  }

  @FieldResolver(() => Ticket, { nullable: true, description: "The ticket that it is posted on." })
  ticket(@Root() post: PostRow, @Ctx() context: ViewerContext) {
    return this.tickets.byId(context).load(post.ticketId);
  }

  @FieldResolver(() => User, { description: "Who posted it." })
  author(@Root() post: PostRow, @Ctx() context: ViewerContext) {
    return this.users.byId(context).load(post.authorId);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "Who deleted it; null if it is not deleted.",
  })
  deletedBy(@Root() post: PostRow, @Ctx() context: ViewerContext) {
    return post.deletedBy && this.users.byId(context).load(post.deletedBy);
  }
}
