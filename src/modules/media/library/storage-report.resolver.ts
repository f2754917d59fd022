import { Arg, Ctx, Extensions, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";
import type { UserLoaders } from "../../identity/users/user.loaders.js";
import { User } from "../../identity/users/user.types.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { StorageReportService } from "./storage-report.service.js";
import { StorageReport, UploaderCount } from "./storage-report.types.js";

@Resolver(() => UploaderCount)
export class StorageReportResolver {
  constructor(
    private readonly reports: StorageReportService,
    private readonly users: UserLoaders,
  ) {}

  @Extensions({ cost: 450 })
  @Query(() => StorageReport, {
    description:
      "How much space a company's files take, and what could be freed. For its managers, and API keys with `MANAGE`.",
  })
  storageReport(
    @Arg("companyId", () => ID, { description: "The company." }) companyId: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.reports.storageReport(viewer, companyId);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "The uploader; null stands for all guests and API keys together.",
  })
  uploadedBy(@Root() count: { readonly uploaderId: string | null }, @Ctx() context: ViewerContext) {
    return count.uploaderId && this.users.byId(context).load(count.uploaderId);
  }
}
