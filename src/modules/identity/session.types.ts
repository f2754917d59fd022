import { Extensions, Field, ObjectType } from "type-graphql";
import { SHORT_TEXT } from "../../platform/graphql/prices.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";

@ObjectType({ simpleResolvers: true, description: "A session that was opened or refreshed." })
export class Session {
  @Field(() => String, {
    description: "Send it as `Authorization: Bearer <accessToken>`. Good for 15 minutes.",
  })
  accessToken!: string;

  @Field(() => String, {
    description:
      "Exchange it with `refreshSession` for the next pair. Good once, within 30 days; keep it secret.",
  })
  refreshToken!: string;

  @Field(() => DateTime, { description: "When the access token ends." })
  expiresAt!: Date;
}

@ObjectType({
  simpleResolvers: true,
  description: "A session of the viewer's that lasts: one sign-in somewhere.",
})
export class UserSession {
  @Field(() => ID, { description: "The session's id, for `endSession`." })
  id!: string;

  @Field(() => DateTime, { description: "When the person signed in." })
  createdAt!: Date;

  @Field(() => DateTime, {
    description: "When it was last refreshed, which a client in use does every 15 minutes.",
  })
  lastUsedAt!: Date;

  @Field(() => DateTime, { description: "When it ends unless it is refreshed before." })
  expiresAt!: Date;

  @Extensions(SHORT_TEXT)
  @Field(() => String, {
    nullable: true,
    description: "What the client called itself at sign-in (`User-Agent`), up to 300 characters.",
  })
  userAgent!: string | null;

  @Field(() => String, { nullable: true, description: "The network address of the sign-in." })
  address!: string | null;

  @Field(() => Boolean, { description: "Whether it is the one that asks." })
  isCurrent!: boolean;
}
