import type { Policy } from "../../../kernel/authorize.js";
import type { ApiKeyRow } from "../api-key.tables.js";
import type { Viewer } from "../viewer.js";
import { isManagerOf } from "../viewer.js";

type ApiKey = Pick<ApiKeyRow, "companyId">;

/** Keys are for the managers of their company. No key manages keys, itself included. */
const manages = (viewer: Viewer, { companyId }: ApiKey) => isManagerOf(viewer, companyId);

export const apiKeyPolicy = {
  subject: "API key",
  viewers: ["user"],
  read: manages,
  revoke: manages,
} satisfies Policy<Viewer, ApiKey>;

/** What of a key is not told to everybody who sees a file of it: to managers, and to the key itself. */
export const seesDetailsOf = (viewer: Viewer, key: ApiKey & Pick<ApiKeyRow, "id">): boolean =>
  manages(viewer, key) || (viewer.kind === "api-key" && viewer.id === key.id);
