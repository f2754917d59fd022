import { createUnionType, Field, Int, ObjectType } from "type-graphql";
import type { EventPayload } from "../../../../platform/events/feed/channel.js";
import { ByteCount, ID } from "../../../../platform/graphql/scalars.js";
import { Company } from "../../../identity/companies/company.types.js";
import type { CompanyRow } from "../../../identity/company.tables.js";
import type { MediaFileView } from "../../media-file.repository.js";
import { MediaFile } from "../../media-file.types.js";

const FILE = { description: "The file as it is now." };
const FILE_ID = { description: "The file's id." };

@ObjectType({ simpleResolvers: true, description: "A file was uploaded." })
export class MediaFileAdded {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "A file's name, expiry, content, variants or external usages were changed.",
})
export class MediaFileUpdated {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "A file was deleted or has expired, or has been deleted since this event.",
})
export class MediaFileDeleted {
  @Field(() => ID, FILE_ID)
  mediaFileId!: string;
}

@ObjectType({ simpleResolvers: true, description: "A deleted file was restored." })
export class MediaFileRestored {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "A file was removed for good, or has been removed since this event.",
})
export class MediaFilePurged {
  @Field(() => ID, FILE_ID)
  mediaFileId!: string;
}

@ObjectType({ simpleResolvers: true, description: "The variants of a file have been rendered." })
export class VariantsReady {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({ simpleResolvers: true, description: "The variants of a file could not be rendered." })
export class VariantsFailed {
  @Field(() => MediaFile, FILE)
  mediaFile!: MediaFileView;
}

@ObjectType({
  simpleResolvers: true,
  description: "The stored bytes of files were found to be altered or missing, or are intact again.",
})
export class IntegrityChanged {
  @Field(() => [MediaFile], {
    description: "The files with these bytes as they are now, without deleted and expired ones: at most 100.",
  })
  mediaFiles!: readonly MediaFileView[];
}

@ObjectType({
  simpleResolvers: true,
  description:
    "Files were scanned for malware: they can be downloaded now, or were quarantined, or released from quarantine.",
})
export class ScanStatusChanged {
  @Field(() => [MediaFile], {
    description:
      "The files with these bytes as they are now, without deleted and expired ones: at most 100. More files come with further events.",
  })
  mediaFiles!: readonly MediaFileView[];
}

@ObjectType({ simpleResolvers: true, description: "The logo of the company was changed or removed." })
export class CompanyBrandingChanged {
  @Field(() => Company, { description: "The company as it is now." })
  company!: CompanyRow;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "The files of the company have reached 80 or 95 percent of what they may take. It is reported again only after they have fallen below.",
})
export class StorageThresholdReached {
  @Field(() => Int, { description: "The threshold in percent of the limit." })
  threshold!: number;

  @Field(() => ByteCount, { description: "Bytes that counted toward the limit at that moment." })
  usedBytes!: number;

  @Field(() => ByteCount, { description: "The limit in bytes at that moment." })
  limitBytes!: number;
}

export const MediaFileEvent = createUnionType({
  name: "MediaFileEvent",
  description: "A change of a company's files. More members may be added.",
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
      ScanStatusChanged,
      CompanyBrandingChanged,
      StorageThresholdReached,
    ] as const,
  resolveType: (payload) => (payload as unknown as EventPayload).__typename,
});

@ObjectType({ simpleResolvers: true, description: "An event of a company's files and its cursor." })
export class MediaFileEventEdge {
  @Field(() => String, { description: "Pass it as `after` to resume after this event." })
  cursor!: string;

  @Field(() => MediaFileEvent, { description: "The event." })
  event!: EventPayload;
}
