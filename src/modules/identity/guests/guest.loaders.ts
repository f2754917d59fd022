import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perEventBatch } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../viewer.js";
import type { GuestView } from "./guest.repository.js";
import { listGuests } from "./guest.repository.js";

export type GuestLoaders = ReturnType<typeof createGuestLoaders>;

export const createGuestLoaders = ({ db }: { db: Database }) => ({
  byId: perEventBatch<ViewerContext, string, GuestView | null>(async (ids) =>
    inOrderOf(ids, await listGuests(db, ids), (guest) => guest.id),
  ),
});
