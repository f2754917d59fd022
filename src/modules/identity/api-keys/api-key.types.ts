import { Field, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { Actor } from "../actor.types.js";
import { ApiKeyScope } from "../viewer.js";
import type { ApiKeyView } from "./api-key.repository.js";

export const ApiKeyScopeType = ApiKeyScope;

registerEnumType(ApiKeyScopeType, {
  name: "ApiKeyScope",
  description: "What an API key may do with the files of its company.",
  valuesConfig: {
    READ: {
      description:
        "Read and download the files of the library, see where they are used, and follow their events.",
    },
    UPLOAD: {
      description:
        "Upload files to the library; see them, and say where they are used. Changes and deletes none.",
    },
    MANAGE: {
      description:
        "Rename, replace, delete and restore files, find and purge orphans, set the logo, read the storage report. Includes READ.",
    },
  },
});

@ObjectType({
  implements: Actor,
  description:
    "A key with which a backend uses the API. Whoever sees a file that it uploaded sees its name; all else is for the managers of its company and for itself, and null for others.",
})
export class ApiKey extends Actor {}

export const ApiKeyConnection = connectionType("ApiKey", () => ApiKey);

@ObjectType({ simpleResolvers: true, description: "A new API key." })
export class CreatedApiKey {
  @Field(() => String, {
    description:
      "The key, for the header `Authorization: Bearer <key>`. It is shown only now: keep it where secrets are kept.",
  })
  key!: string;

  @Field(() => ApiKey, { description: "What is known of it from now on." })
  apiKey!: ApiKeyView;
}
