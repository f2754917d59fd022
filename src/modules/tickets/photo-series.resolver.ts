import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ViewerContext } from "../identity/viewer.js";
import type { PhotoSeriesService } from "./photo-series.service.js";
import {
  AddToPhotoSeriesInput,
  CaptionPhotoInput,
  RemoveFromPhotoSeriesInput,
  ReorderPhotoSeriesInput,
} from "./post.inputs.js";
import { PhotoSeries } from "./post.types.js";
import { postItems } from "./posted-items.js";

@Resolver(() => PhotoSeries)
export class PhotoSeriesResolver {
  constructor(private readonly series: PhotoSeriesService) {}

  @Mutation(() => PhotoSeries, {
    description: "Adds photos at the end of a series, all or nothing. For its author and staff.",
  })
  addToPhotoSeries(
    @Arg("input", () => AddToPhotoSeriesInput, { description: "The photos." }) input: AddToPhotoSeriesInput,
    @Ctx() context: ViewerContext,
  ) {
    return this.series.addPhotos(context.viewer, input.seriesId, postItems(input.photos, context));
  }

  @Mutation(() => PhotoSeries, {
    description: "Gives a series' photos a new order, the whole of it at once. For its author and staff.",
  })
  reorderPhotoSeries(
    @Arg("input", () => ReorderPhotoSeriesInput, { description: "The order." })
    input: ReorderPhotoSeriesInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.series.reorder(viewer, input.seriesId, input.mediaFileIds);
  }

  @Mutation(() => PhotoSeries, {
    description: "Says what is to be seen on a photo of a series. For its author and staff.",
  })
  captionPhoto(
    @Arg("input", () => CaptionPhotoInput, { description: "The caption." }) input: CaptionPhotoInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.series.caption(viewer, input, input.caption);
  }

  @Mutation(() => PhotoSeries, {
    description:
      "Takes a photo out of a series for good; the last one goes with its post alone. For the series' author and managers.",
  })
  removeFromPhotoSeries(
    @Arg("input", () => RemoveFromPhotoSeriesInput, { description: "The photo." })
    input: RemoveFromPhotoSeriesInput,
    @Ctx() { viewer }: ViewerContext,
  ) {
    return this.series.removePhoto(viewer, input);
  }
}
