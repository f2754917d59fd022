import type { Database } from "../../../platform/database/client.js";
import { perEventBatch } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { tenantsOfRows } from "../../identity/viewer.js";
import type { VariantView } from "./variant.repository.js";
import { listVariantsOfBlobs } from "./variant.repository.js";

/** The blob of an object that the viewer may read. */
interface ShownBlob {
  readonly blobId: string;
  readonly companyId: string;
}

export type VariantLoaders = ReturnType<typeof createVariantLoaders>;

/** The variants of a file that the viewer may read: the caller has decided that. */
export function createVariantLoaders({ db }: { readonly db: Database }) {
  return {
    ofBlob: perEventBatch<ViewerContext, ShownBlob, readonly VariantView[]>(
      async (shown) => {
        const ids = shown.map(({ blobId }) => blobId);
        const ofBlob = new Map<string, VariantView[]>(ids.map((id) => [id, []]));
        for (const variant of await listVariantsOfBlobs(db, tenantsOfRows(shown), ids))
          ofBlob.get(variant.blobId)?.push(variant);
        return ids.map((id) => ofBlob.get(id) ?? []);
      },
      { nameOf: ({ blobId }) => blobId },
    ),
  };
}
