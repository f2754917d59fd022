import type { Policy } from "../../kernel/authorize.js";
import type { Viewer } from "./viewer.js";
import { isAdmin } from "./viewer.js";

/** What belongs to no tenant: the list of companies and of accounts. */
export const installation = { name: "installation" } as const;

export const installationPolicy = {
  subject: "installation",
  viewers: ["user", "guest", "api-key"],
  read: (viewer: Viewer, _installation: typeof installation) => viewer.kind !== "anonymous",
  administer: (viewer: Viewer, _installation: typeof installation) => isAdmin(viewer),
} satisfies Policy<Viewer, typeof installation> & Record<string, unknown>;
