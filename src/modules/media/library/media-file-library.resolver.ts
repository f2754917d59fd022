import { Ctx, Extensions, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import type { MediaFileView } from "../media-file.repository.js";
import { MediaFile } from "../media-file.types.js";
import type { LibraryLoaders } from "./library.loaders.js";
import { MediaFileVersion } from "./library.types.js";
import { MediaUsage } from "./media-usage.types.js";

/** What each list costs: few files have as many, but some have 100. */
const LIST_SIZE = 20;

/** Fields that the library adds to a file. */
@Resolver(() => MediaFile)
export class MediaFileLibraryResolver {
  constructor(private readonly loaders: LibraryLoaders) {}

  @Extensions({ listSize: LIST_SIZE })
  @FieldResolver(() => [MediaUsage], {
    description:
      "Where it is used, the first 100 usages. For the staff of its company, and its API keys with `READ`; empty for others.",
  })
  usages(@Root() file: MediaFileView, @Ctx() context: ViewerContext) {
    return this.loaders.usages(context).load(file);
  }

  @Extensions({ listSize: LIST_SIZE })
  @FieldResolver(() => [MediaFileVersion], {
    description:
      "Earlier contents, the newest first, at most 100. For its uploader, the staff of its company, and its API keys with `READ`; empty for others.",
  })
  versions(@Root() file: MediaFileView, @Ctx() context: ViewerContext) {
    return this.loaders.versions(context).load(file);
  }
}
