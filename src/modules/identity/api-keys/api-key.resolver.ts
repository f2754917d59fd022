import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import type { CompanyLoaders } from "../companies/company.loaders.js";
import { Company } from "../companies/company.types.js";
import type { UserLoaders } from "../users/user.loaders.js";
import { User } from "../users/user.types.js";
import type { ViewerContext } from "../viewer.js";
import { ApiKeyScope } from "../viewer.js";
import { ApiKeysArgs, CreateApiKeyInput } from "./api-key.inputs.js";
import { seesDetailsOf } from "./api-key.policy.js";
import type { ApiKeyView } from "./api-key.repository.js";
import type { ApiKeyService } from "./api-key.service.js";
import { ApiKey, ApiKeyConnection, CreatedApiKey } from "./api-key.types.js";

const detail = <Detail>(key: ApiKeyView, { viewer }: ViewerContext, of: Detail): Detail | null =>
  seesDetailsOf(viewer, key) ? of : null;

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  constructor(
    private readonly keys: ApiKeyService,
    private readonly companies: CompanyLoaders,
    private readonly users: UserLoaders,
  ) {}

  @Query(() => ApiKeyConnection, {
    description:
      "A company's API keys, from the newest on; those that are revoked or expired among them. For its managers.",
  })
  apiKeys(@Args(() => ApiKeysArgs) args: ApiKeysArgs, @Ctx() { viewer }: ViewerContext) {
    return this.keys.listApiKeys(viewer, args.companyId, args);
  }

  @Mutation(() => CreatedApiKey, {
    description:
      "Creates an API key for a backend. A company has at most 50 by default that are neither revoked nor expired. The key ends when whoever created it does not manage the company any more. For managers of the company, and administrators.",
  })
  createApiKey(
    @Arg("input", () => CreateApiKeyInput, { description: "The key." }) input: CreateApiKeyInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.keys.createApiKey(viewer, input);
  }

  @Mutation(() => ApiKey, {
    description:
      "Ends an API key at once, with its subscriptions, event streams and signed URLs. For managers of the company, and administrators.",
  })
  revokeApiKey(
    @Arg("id", () => ID, { description: "The key's id." }) id: string,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.keys.revokeApiKey(viewer, id);
  }

  @FieldResolver(() => Company, { nullable: true, description: "The company that it belongs to." })
  company(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return seesDetailsOf(context.viewer, key) ? this.companies.byId(context).load(key.companyId) : null;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "The beginning of the key, by which to recognise it.",
  })
  prefix(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return detail(key, context, key.prefix);
  }

  @FieldResolver(() => [ApiKeyScope], { nullable: true, description: "What it may do." })
  scopes(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return detail(key, context, key.scopes);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: "Who created it; null for keys that the operator created at the command line.",
  })
  createdBy(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    const { createdBy } = key;
    if (createdBy === null || !seesDetailsOf(context.viewer, key)) return null;
    return this.users.byId(context).load(createdBy);
  }

  @FieldResolver(() => DateTime, { nullable: true, description: "When it was created." })
  createdAt(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return detail(key, context, key.createdAt);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: "When it expires, or has expired; null if it does not.",
  })
  expiresAt(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return detail(key, context, key.expiresAt);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "When a request was last sent with it, to about a minute; null if none was. Signed URLs do not count.",
  })
  lastUsedAt(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return detail(key, context, key.lastUsedAt);
  }

  @FieldResolver(() => DateTime, { nullable: true, description: "When it was revoked; null if it was not." })
  revokedAt(@Root() key: ApiKeyView, @Ctx() context: ViewerContext) {
    return detail(key, context, key.revokedAt);
  }
}
