import type { Viewer, ViewerContext } from "../../modules/identity/viewer.js";
import type { Caller } from "../../platform/graphql/documents/preparation-turns.js";
import { networkKeyOf } from "../../platform/rate-limit/network-key.js";

/** A key that is the same for every connection of a viewer. */
export const viewerKey = (viewer: Viewer): string =>
  viewer.kind === "anonymous" ? viewer.kind : `${viewer.kind}:${viewer.id}`;

/** Identifies the caller: the viewer, or the network address of an anonymous request. */
export const callerOf = ({
  viewer,
  clientAddress,
}: Pick<ViewerContext, "viewer" | "clientAddress">): Caller => {
  const isAnonymous = viewer.kind === "anonymous";
  return { key: isAnonymous ? networkKeyOf(clientAddress) : viewerKey(viewer), isAnonymous };
};
