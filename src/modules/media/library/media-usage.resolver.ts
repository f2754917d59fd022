import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { CompanyLoaders } from "../../identity/companies/company.loaders.js";
import { Company } from "../../identity/companies/company.types.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { MediaFileLoaders } from "../media-file.loaders.js";
import { MediaFile } from "../media-file.types.js";
import type { MediaUsageView } from "../media-usage.repository.js";
import { AddMediaUsageInput, MediaUsageInput, MediaUsagesArgs } from "./media-usage.inputs.js";
import type { MediaUsageService } from "./media-usage.service.js";
import { MediaUsage, MediaUsageConnection } from "./media-usage.types.js";
import { usageId } from "./usage-id.js";

/** The objects that a usage refers to; higher modules add their own. */
@Resolver(() => MediaUsage)
export class MediaUsageResolver {
  constructor(
    private readonly usages: MediaUsageService,
    private readonly mediaFiles: MediaFileLoaders,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Query(() => MediaUsageConnection, {
    description:
      "The files that resources of an external application use, and in which field, the oldest usage first. For the staff of the company, and API keys with `READ` or `MANAGE`.",
  })
  mediaUsages(@Args(() => MediaUsagesArgs) args: MediaUsagesArgs, @Ctx() { viewer }: ViewerContext) {
    return this.usages.listUsages(viewer, args, args);
  }

  @Mutation(() => MediaUsage, {
    description:
      "Registers a usage of a file by an external application: the file then cannot be deleted and is not an orphan. Registering the same usage again changes nothing; with `replace`, the field uses no other file afterwards. For the staff of the company, API keys with `MANAGE`, and those with `UPLOAD` for what they have uploaded.",
  })
  addMediaUsage(
    @Arg("input", () => AddMediaUsageInput, { description: "The file and its usage." })
    input: AddMediaUsageInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.usages.addUsage(viewer, input);
  }

  @Mutation(() => MediaUsage, {
    description:
      "Removes a usage of a file by an external application, and returns it. Removing it again changes nothing. For the staff of the company, API keys with `MANAGE`, and those with `UPLOAD` for what they have uploaded.",
  })
  removeMediaUsage(
    @Arg("input", () => MediaUsageInput, { description: "The file and its usage." })
    input: MediaUsageInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.usages.removeUsage(viewer, input);
  }

  @FieldResolver(() => ID, {
    description: "Id of the usage, always the same for the same file, resource and field.",
  })
  id(@Root() usage: MediaUsageView): string {
    return usageId(usage);
  }

  @FieldResolver(() => MediaFile, { nullable: true, description: "The file that is used." })
  mediaFile(@Root() usage: MediaUsageView, @Ctx() context: ViewerContext) {
    return this.mediaFiles.byId(context).load(usage.mediaFileId);
  }

  @FieldResolver(() => Company, {
    nullable: true,
    description: "The company that uses it, if `resourceType` is `company`.",
  })
  company(@Root() usage: MediaUsageView, @Ctx() context: ViewerContext) {
    return usage.resourceType === "company" ? this.companies.byId(context).load(usage.resourceId) : null;
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "The person who uses it, if `resourceType` is `user`.",
  })
  user(@Root() usage: MediaUsageView, @Ctx() context: ViewerContext) {
    return usage.resourceType === "user" ? this.users.byId(context).load(usage.resourceId) : null;
  }
}
