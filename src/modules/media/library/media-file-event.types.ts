import { createUnionType, Field, ObjectType } from "type-graphql";
import type { Told } from "../../../platform/events/channel.js";
import { ID } from "../../../platform/graphql/scalars.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import { Company } from "../../identity/company.types.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";

const FILE = { description: "The file as it is now." };
const FILE_ID = { description: "The file's id." };

@ObjectType({ simpleResolvers: true, description: "A file has been uploaded." })
export class MediaFileAdded {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "A file's name, expiry, content, renditions or usages outside of Filedesk have changed.",
})
export class MediaFileUpdated {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "A file has been deleted or has expired, or is out of reach by now.",
})
export class MediaFileDeleted {
  @Field(() => ID, FILE_ID)
  mediaFileId!: string;
}

@ObjectType({ simpleResolvers: true, description: "A deleted file has been brought back." })
export class MediaFileRestored {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({ simpleResolvers: true, description: "A file has been removed for good, or is by now." })
export class MediaFilePurged {
  @Field(() => ID, FILE_ID)
  mediaFileId!: string;
}

@ObjectType({ simpleResolvers: true, description: "A file's renditions have been made." })
export class VariantsReady {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({ simpleResolvers: true, description: "A file's renditions could not be made." })
export class VariantsFailed {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "The stored bytes of files were found to be altered, missing, or in order again.",
})
export class IntegrityChanged {
  @Field(() => [MediaFile], {
    description: "The files as they are now that share these bytes, without those out of reach: 100 at most.",
  })
  mediaFiles!: readonly MediaFileView[];
}

@ObjectType({ simpleResolvers: true, description: "The company has another logo, or none any more." })
export class CompanyBrandingChanged {
  @Field(() => Company, { description: "The company as it is now." })
  company!: CompanyRow;
}

export const MediaFileEvent = createUnionType({
  name: "MediaFileEvent",
  description: "What has happened to the files of a company. More kinds may come.",
  types: () =>
    [
      MediaFileAdded,
      MediaFileUpdated,
      MediaFileDeleted,
      MediaFileRestored,
      MediaFilePurged,
      VariantsReady,
      VariantsFailed,
      IntegrityChanged,
      CompanyBrandingChanged,
    ] as const,
  resolveType: (told) => (told as unknown as Told).__typename,
});

@ObjectType({ simpleResolvers: true, description: "An event of a company's files and its cursor." })
export class MediaFileEventEdge {
  @Field(() => String, { description: "Give it as `after` to go on behind this event." })
  cursor!: string;

  @Field(() => MediaFileEvent, { description: "The event." })
  event!: Told;
}
