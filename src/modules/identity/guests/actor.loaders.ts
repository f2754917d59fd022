import type { ActorView } from "../actor.types.js";
import type { UserLoaders } from "../users/user.loaders.js";
import type { Authorship, ViewerContext } from "../viewer.js";
import type { GuestLoaders } from "./guest.loaders.js";

export type ActorLoaders = ReturnType<typeof createActorLoaders>;

export const createActorLoaders = (loaders: {
  readonly users: UserLoaders;
  readonly guests: GuestLoaders;
}) => ({
  /** The person or the guest whom a row names as its author. */
  async author(context: ViewerContext, { userId, guestId }: Authorship): Promise<ActorView | null> {
    if (userId !== null) return loaders.users.byId(context).load(userId);
    return guestId === null ? null : loaders.guests.byId(context).load(guestId);
  },
});
