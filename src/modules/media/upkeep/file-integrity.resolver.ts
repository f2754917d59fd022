import { FieldResolver, Resolver, Root } from "type-graphql";
import { DateTime } from "../../../platform/graphql/scalars.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";
import { FileIntegrity } from "./file-integrity.types.js";

@Resolver(() => MediaFile)
export class FileIntegrityResolver {
  @FieldResolver(() => FileIntegrity, {
    description: "Result of the last verification of its stored bytes, or that they were destroyed.",
  })
  integrity(@Root() file: MediaFileView): FileIntegrity {
    return file.integrity;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: "When its stored bytes were last verified; null: not since the upload.",
  })
  verifiedAt(@Root() file: MediaFileView): Date | null {
    return file.verifiedAt;
  }
}
