import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import { incomingPostItems } from "./incoming-post-items.js";
import type { PhotoSeriesService } from "./photo-series.service.js";
import {
  AddToPhotoSeriesInput,
  CaptionPhotoInput,
  RemoveFromPhotoSeriesInput,
  ReorderPhotoSeriesInput,
} from "./post.inputs.js";
import { PhotoSeries } from "./post.types.js";

@Resolver(() => PhotoSeries)
export class PhotoSeriesResolver {
  constructor(private readonly series: PhotoSeriesService) {}

  @Mutation(() => PhotoSeries, {
    description: "Adds photos at the end of a series, either all or none. For its author and staff.",
  })
  addToPhotoSeries(
    @Arg("input", () => AddToPhotoSeriesInput, { description: "The photos." }) input: AddToPhotoSeriesInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.series.addPhotos(context.viewer, input.seriesId, incomingPostItems(input.photos, context));
  }

  @Mutation(() => PhotoSeries, {
    description: "Reorders all photos of a series at once. For its author and staff.",
  })
  reorderPhotoSeries(
    @Arg("input", () => ReorderPhotoSeriesInput, { description: "The new order." })
    input: ReorderPhotoSeriesInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.series.reorder(viewer, input.seriesId, input.mediaFileIds);
  }

  @Mutation(() => PhotoSeries, {
    description: "Sets or removes the caption of a photo of a series. For its author and staff.",
  })
  captionPhoto(
    @Arg("input", () => CaptionPhotoInput, { description: "The caption." }) input: CaptionPhotoInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.series.caption(viewer, input, input.caption);
  }

  @Mutation(() => PhotoSeries, {
    description:
      "Removes a photo from a series; this cannot be undone. The last photo can only be deleted with its post. For the series' author and managers.",
  })
  removeFromPhotoSeries(
    @Arg("input", () => RemoveFromPhotoSeriesInput, { description: "The photo." })
    input: RemoveFromPhotoSeriesInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.series.removePhoto(viewer, input);
  }
}
