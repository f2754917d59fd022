import { Extensions, Field, ObjectType } from "type-graphql";
import { SHORT_TEXT } from "../../../platform/graphql/documents/prices.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";

@ObjectType({ simpleResolvers: true, description: "A new or refreshed session." })
export class Session {
  @Field(() => String, {
    description: "Send it as `Authorization: Bearer <accessToken>`. Valid for 15 minutes.",
  })
  accessToken!: string;

  @Field(() => String, {
    description:
      "Exchange it with `refreshSession` for a new pair of tokens. It can be used once, within 30 days; keep it secret.",
  })
  refreshToken!: string;

  @Field(() => DateTime, { description: "When the access token expires." })
  expiresAt!: Date;
}

@ObjectType({
  simpleResolvers: true,
  description: "A session of the viewer, one for each sign-in.",
})
export class UserSession {
  @Field(() => ID, { description: "The session's id, for `endSession`." })
  id!: string;

  @Field(() => DateTime, { description: "When the person signed in." })
  createdAt!: Date;

  @Field(() => DateTime, {
    description: "When it was last refreshed; an active client does this every 15 minutes.",
  })
  lastUsedAt!: Date;

  @Field(() => DateTime, { description: "When it expires if it is not refreshed before." })
  expiresAt!: Date;

  @Extensions(SHORT_TEXT)
  @Field(() => String, {
    nullable: true,
    description: "`User-Agent` of the sign-in, up to 300 characters.",
  })
  userAgent!: string | null;

  @Field(() => String, { nullable: true, description: "The network address of the sign-in." })
  address!: string | null;

  @Field(() => Boolean, { description: "Whether it is the session of this request." })
  isCurrent!: boolean;
}
