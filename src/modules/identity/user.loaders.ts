import type { Database } from "../../platform/database/client.js";
import { inOrderOf, perRound } from "../../platform/graphql/loaders.js";
import type { Person } from "./user.repository.js";
import { listPeople } from "./user.repository.js";
import type { ViewerContext } from "./viewer.js";

export type UserLoaders = ReturnType<typeof createUserLoaders>;

export const createUserLoaders = ({ db }: { db: Database }) => ({
  byId: perRound<ViewerContext, string, Person | null>(async (ids) =>
    inOrderOf(ids, await listPeople(db, ids), (person) => person.id),
  ),
});
