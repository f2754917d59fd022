import type { Database } from "../../platform/database/client.js";
import { perRequest } from "../../platform/graphql/loaders.js";
import type { ViewerContext } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { VariantView } from "./variant.repository.js";
import { listVariantsOfBlobs } from "./variant.repository.js";

export type VariantLoaders = ReturnType<typeof createVariantLoaders>;

/** Whoever reads a file reads its renditions: whoever shows the file has decided it. */
export function createVariantLoaders({ db }: { readonly db: Database }) {
  return {
    ofBlob: perRequest<ViewerContext, string, readonly VariantView[]>(async ({ viewer }, blobIds) => {
      const ofBlob = new Map<string, VariantView[]>(blobIds.map((id) => [id, []]));
      for (const variant of await listVariantsOfBlobs(db, tenantsOf(viewer), blobIds))
        ofBlob.get(variant.blobId)?.push(variant);
      return blobIds.map((id) => ofBlob.get(id) ?? []);
    }),
  };
}
