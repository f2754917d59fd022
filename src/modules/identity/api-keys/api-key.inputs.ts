import { ArrayMaxSize, ArrayMinSize, ArrayUnique } from "class-validator";
import { ArgsType, Field, InputType } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import { Line } from "../../../platform/graphql/text-rules.js";
import { ApiKeyScope } from "../viewer.js";
import type { ApiKeyInput } from "./api-key.service.js";
import { ApiKeyScopeType } from "./api-key.types.js";

/** The longest name of a key. */
export const MAX_KEY_NAME_LENGTH = 100;

@InputType({ description: "A new API key." })
export class CreateApiKeyInput implements ApiKeyInput {
  @Field(() => ID, { description: "The company, which is the only one that the key reaches." })
  companyId!: string;

  @Field(() => String, {
    description: "What the key is for, such as the name of the backend: 1 to 100 characters.",
  })
  @Line(MAX_KEY_NAME_LENGTH)
  name!: string;

  @Field(() => [ApiKeyScopeType], { description: "What it may do: at least one, each once." })
  @ArrayMinSize(1)
  @ArrayMaxSize(Object.keys(ApiKeyScope).length)
  @ArrayUnique()
  scopes!: ApiKeyScope[];

  @Field(() => DateTime, {
    nullable: true,
    description: "When it expires; without it, the key is valid until it is revoked.",
  })
  expiresAt?: Date | null;
}

@ArgsType()
export class ApiKeysArgs extends PageArgs {
  @Field(() => ID, { description: "The company." })
  companyId!: string;
}
