import { IsOptional, MaxLength, ValidateNested } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType } from "type-graphql";
import { ID, Upload } from "../../platform/graphql/scalars.js";

const FILE = "A file of the multipart request. Either this or `mediaFileId`.";
const MEDIA_FILE_ID = "A file that the ticket's company has and that you may read. Either this or `file`.";
const DESCRIPTION = "What is to be seen, as plain text of up to 1,000 characters.";
const CAPTION = "What is to be seen on it, as plain text of up to 1,000 characters.";

@InputType({ description: "A photo to be posted on a ticket." })
export class CreatePhotoInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => Upload, { nullable: true, description: FILE })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: MEDIA_FILE_ID })
  mediaFileId?: string | null;

  @Field(() => String, { nullable: true, description: DESCRIPTION })
  @IsOptional()
  @MaxLength(1_000)
  description?: string | null;
}

@InputType({ description: "A short clip to be posted on a ticket." })
export class CreateVideoClipInput extends CreatePhotoInput {}

@InputType({ description: "A photo for a series." })
export class SeriesPhotoInput {
  @Field(() => Upload, { nullable: true, description: FILE })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: MEDIA_FILE_ID })
  mediaFileId?: string | null;

  @Field(() => String, { nullable: true, description: CAPTION })
  @IsOptional()
  @MaxLength(1_000)
  caption?: string | null;
}

@InputType({ description: "A series of photos to be posted on a ticket." })
export class CreatePhotoSeriesInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => String, { nullable: true, description: DESCRIPTION })
  @IsOptional()
  @MaxLength(1_000)
  description?: string | null;

  @Field(() => [SeriesPhotoInput], {
    description: "The photos in their order: 1 to 50, up to 10 of them new files.",
  })
  @ValidateNested({ each: true })
  photos!: SeriesPhotoInput[];
}

@InputType({ description: "Photos to be added to a series." })
export class AddToPhotoSeriesInput {
  @Field(() => ID, { description: "The series' id." })
  seriesId!: string;

  @Field(() => [SeriesPhotoInput], { description: "The photos; they come behind those that are there." })
  @ValidateNested({ each: true })
  photos!: SeriesPhotoInput[];
}

@InputType({ description: "A new order for a series." })
export class ReorderPhotoSeriesInput {
  @Field(() => ID, { description: "The series' id." })
  seriesId!: string;

  @Field(() => [ID], { description: "The media files of all its photos, each once, in their new order." })
  mediaFileIds!: string[];
}

@InputType({ description: "One photo of a series." })
export class RemoveFromPhotoSeriesInput {
  @Field(() => ID, { description: "The series' id." })
  seriesId!: string;

  @Field(() => ID, { description: "The photo's media file." })
  mediaFileId!: string;
}

@InputType({ description: "A caption for one photo of a series." })
export class CaptionPhotoInput extends RemoveFromPhotoSeriesInput {
  @Field(() => String, { nullable: true, description: `${CAPTION} None takes it away.` })
  @IsOptional()
  @MaxLength(1_000)
  caption?: string | null;
}
