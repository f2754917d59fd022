import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { CompanyLoaders } from "../../identity/companies/company.loaders.js";
import { Company } from "../../identity/companies/company.types.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { MediaFileLoaders } from "../media-file.loaders.js";
import { MediaFile } from "../media-file.types.js";
import type { MediaUsageView } from "../media-usage.repository.js";
import { MediaUsageInput } from "./library.inputs.js";
import type { MediaUsageService } from "./media-usage.service.js";
import { MediaUsage } from "./media-usage.types.js";

/** The objects that a usage refers to; higher modules add their own. */
@Resolver(() => MediaUsage)
export class MediaUsageResolver {
  constructor(
    private readonly usages: MediaUsageService,
    private readonly mediaFiles: MediaFileLoaders,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Mutation(() => MediaUsage, {
    description:
      "Registers a usage of a file by an external application: the file then cannot be deleted and is not an orphan. Registering the same usage again changes nothing. For the staff of the company, API keys with `MANAGE`, and those with `UPLOAD` for what they have uploaded.",
  })
  addMediaUsage(
    @Arg("input", () => MediaUsageInput, { description: "The file and its usage." })
    input: MediaUsageInput,
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
