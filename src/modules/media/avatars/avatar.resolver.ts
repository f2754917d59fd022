import type { FileUpload } from "graphql-upload-ts";
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { requestFile } from "../../../platform/graphql/request-files.js";
import { ID, Upload } from "../../../platform/graphql/scalars.js";
import { STAGED_FILE } from "../../../platform/graphql/staged-arguments.js";
import type { Person } from "../../identity/users/user.repository.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { AvatarLoaders } from "./avatar.loaders.js";
import type { AvatarService } from "./avatar.service.js";

const field = (what: string) => ({
  nullable: true,
  description: `Absolute URL of the avatar ${what}, signed for this viewer; null without an avatar, until it is rendered, and for viewers who share no company with the person.`,
});

/** Fields that this module adds to `User`. */
@Resolver(() => User)
export class AvatarResolver {
  constructor(
    private readonly avatars: AvatarService,
    private readonly loaders: AvatarLoaders,
  ) {}

  @Mutation(() => User, {
    description:
      "Sets the viewer's avatar, which replaces the previous one. Its URLs are null until it is rendered. The company in which the viewer has been a member for the longest time stores the file, and it is removed when the viewer leaves this company; CONFLICT for viewers without a company.",
  })
  setAvatar(
    @Arg("file", () => Upload, {
      nullable: true,
      description:
        "One file of the multipart request: JPEG, PNG or WebP, by default up to 5 MiB. Give either this or `stagedUploadId`.",
    })
    file: Promise<FileUpload> | null,
    @Arg("stagedUploadId", () => ID, { nullable: true, description: STAGED_FILE("`AVATARS`") })
    stagedUploadId: string | null,
    @Ctx() context: ViewerContext,
  ) {
    return this.avatars.setAvatar(context.viewer, requestFile({ file, stagedUploadId }, context));
  }

  @Mutation(() => User, { description: "Removes the viewer's avatar at once." })
  removeAvatar(@Ctx() { viewer }: ViewerContext) {
    return this.avatars.removeAvatar(viewer);
  }

  @FieldResolver(() => String, field("of at most 200 pixels"))
  avatarUrl(@Root() person: Person, @Ctx() context: ViewerContext) {
    return this.loaders.url(context, person.id, "thumbnail");
  }

  @FieldResolver(() => String, field("as a square of 64 pixels"))
  avatarThumbnailUrl(@Root() person: Person, @Ctx() context: ViewerContext) {
    return this.loaders.url(context, person.id, "64x64");
  }
}
