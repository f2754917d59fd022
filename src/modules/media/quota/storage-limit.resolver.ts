import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { ByteCount } from "../../../platform/graphql/scalars.js";
import { Company } from "../../identity/companies/company.types.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { SetStorageLimitInput } from "./storage-limit.inputs.js";
import type { StorageLimitLoaders } from "./storage-limit.loaders.js";
import type { StorageLimitService } from "./storage-limit.service.js";

@Resolver(() => Company)
export class StorageLimitResolver {
  constructor(
    private readonly limits: StorageLimitService,
    private readonly loaders: StorageLimitLoaders,
  ) {}

  @Mutation(() => Company, {
    description:
      "Limits how much the files of a company may take. Below what they take already, nothing is deleted, and new files are refused with `QUOTA_EXCEEDED`. For administrators.",
  })
  setStorageLimit(
    @Arg("input", () => SetStorageLimitInput, { description: "The limit." }) input: SetStorageLimitInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.limits.setStorageLimit(viewer, input);
  }

  @FieldResolver(() => ByteCount, {
    nullable: true,
    description:
      "How much its files may take, in bytes; null: no limit. `storageReport` has what is left. For its managers, and API keys with `MANAGE`; null for others.",
  })
  storageLimitBytes(@Root() company: CompanyRow, @Ctx() context: ViewerContext) {
    return this.loaders.ofCompany(context).load(company);
  }
}
