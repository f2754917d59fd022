import { Field, ObjectType } from "type-graphql";
import { DateTime } from "../../platform/graphql/scalars.js";

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
