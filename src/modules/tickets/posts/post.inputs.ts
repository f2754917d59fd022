import { IsOptional, ValidateNested } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType } from "type-graphql";
import { ID, Upload } from "../../../platform/graphql/scalars.js";
import { Prose } from "../../../platform/graphql/text-rules.js";

const FILE = "A file of the multipart request. Give this, `stagedUploadId` or `mediaFileId`.";
const STAGED =
  "Id of a staged upload of the viewer (`startUpload`), complete and not used yet, begun for `PHOTOS`, or for `VIDEOS` if it is a clip.";
const MEDIA_FILE_ID = "Id of a file of the ticket's company that you may read.";
const DESCRIPTION = "Description, plain text of up to 1,000 characters.";
const CAPTION = "Caption, plain text of up to 1,000 characters.";

@InputType({ description: "A photo to post on a ticket." })
export class CreatePhotoInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => Upload, { nullable: true, description: FILE })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: STAGED })
  stagedUploadId?: string | null;

  @Field(() => ID, { nullable: true, description: MEDIA_FILE_ID })
  mediaFileId?: string | null;

  @Field(() => String, { nullable: true, description: DESCRIPTION })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;
}

@InputType({ description: "A short video to post on a ticket." })
export class CreateVideoClipInput extends CreatePhotoInput {}

@InputType({ description: "A photo for a series." })
export class SeriesPhotoInput {
  @Field(() => Upload, { nullable: true, description: FILE })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: STAGED })
  stagedUploadId?: string | null;

  @Field(() => ID, { nullable: true, description: MEDIA_FILE_ID })
  mediaFileId?: string | null;

  @Field(() => String, { nullable: true, description: CAPTION })
  @IsOptional()
  @Prose(1_000)
  caption?: string | null;
}

@InputType({ description: "A series of photos to post on a ticket." })
export class CreatePhotoSeriesInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => String, { nullable: true, description: DESCRIPTION })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;

  @Field(() => [SeriesPhotoInput], {
    description: "1 to 50 photos in their order, up to 10 of them new files.",
  })
  @ValidateNested({ each: true })
  photos!: SeriesPhotoInput[];
}

@InputType({ description: "Changes of a post." })
export class UpdatePostInput {
  @Field(() => ID, { description: "The post's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: `${DESCRIPTION} Null removes it.` })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;
}

@InputType({ description: "Photos to add to a series." })
export class AddToPhotoSeriesInput {
  @Field(() => ID, { description: "The series' id." })
  seriesId!: string;

  @Field(() => [SeriesPhotoInput], { description: "The photos; they are added after the existing ones." })
  @ValidateNested({ each: true })
  photos!: SeriesPhotoInput[];
}

@InputType({ description: "A new order for a series." })
export class ReorderPhotoSeriesInput {
  @Field(() => ID, { description: "The series' id." })
  seriesId!: string;

  @Field(() => [ID], {
    description: "Ids of the media files of all photos of the series, each once, in their new order.",
  })
  mediaFileIds!: string[];
}

@InputType({ description: "One photo of a series." })
export class RemoveFromPhotoSeriesInput {
  @Field(() => ID, { description: "The series' id." })
  seriesId!: string;

  @Field(() => ID, { description: "Id of the photo's media file." })
  mediaFileId!: string;
}

@InputType({ description: "The caption of one photo of a series." })
export class CaptionPhotoInput extends RemoveFromPhotoSeriesInput {
  @Field(() => String, { nullable: true, description: `${CAPTION} Omit it to remove the caption.` })
  @IsOptional()
  @Prose(1_000)
  caption?: string | null;
}
