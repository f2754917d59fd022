import { ArgsType, Field, Int, ObjectType } from "type-graphql";
import { DateTime } from "../../../platform/graphql/scalars.js";

@ArgsType()
export class SignedUrlArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      "How long it is to be valid, at least: from 1 to `SIGNED_URL_MAX_MINUTES` minutes (by default 10080, which is 7 days); by default as long as `url`. Otherwise the field fails with BAD_USER_INPUT.",
  })
  expiresInMinutes?: number | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      "Whether a browser is to display the file (`Content-Disposition: inline`) instead of saving it. Without effect for files that are served for download only.",
  })
  inline!: boolean;
}

@ObjectType({ simpleResolvers: true, description: "The URL of a file, and until when it is valid." })
export class SignedUrl {
  @Field(() => String, { description: "Absolute URL. Without a sign-in it has the rights of its viewer." })
  url!: string;

  @Field(() => DateTime, {
    description:
      "When it expires: never earlier than was asked for, and at most a quarter of that or an hour later, so that equal requests get the same URL for a while. It ends earlier with the session, the guest's access or the API key that asked for it, and whenever the viewer may no longer read the file.",
  })
  expiresAt!: Date;
}

/** The description of the field that returns it. */
export const SIGNED_URL = {
  description:
    "A URL that is signed for this viewer like `url`, with a lifetime of your choice: for visitors who have no account, or for a link in a mail.",
};
