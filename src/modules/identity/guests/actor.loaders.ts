import type { ActorView } from "../actor.types.js";
import type { ApiKeyLoaders } from "../api-keys/api-key.loaders.js";
import type { UserLoaders } from "../users/user.loaders.js";
import type { Authorship, ViewerContext } from "../viewer.js";
import type { GuestLoaders } from "./guest.loaders.js";

export type ActorLoaders = ReturnType<typeof createActorLoaders>;

export const createActorLoaders = (loaders: {
  readonly users: UserLoaders;
  readonly guests: GuestLoaders;
  readonly apiKeys: ApiKeyLoaders;
}) => ({
  /** The person, the guest or the API key that a row names as its author. */
  async author(context: ViewerContext, { userId, guestId, apiKeyId }: Authorship): Promise<ActorView | null> {
    if (apiKeyId) return loaders.apiKeys.byId(context).load(apiKeyId);
    if (userId !== null) return loaders.users.byId(context).load(userId);
    return guestId === null ? null : loaders.guests.byId(context).load(guestId);
  },
});
