import type { Policy } from "../../../kernel/authorize.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { Viewer } from "../viewer.js";
import { isManagerOf } from "../viewer.js";

type Invitation = Pick<InvitationRow, "companyId" | "email" | "declinedAt">;

/** Only the owner of the address may answer, and only once. */
const mayAnswer = (viewer: Viewer, { companyId, email, declinedAt }: Invitation) =>
  viewer.kind === "user" && viewer.email === email && declinedAt === null && !viewer.roles.has(companyId);

/** An invitation is visible to the managers of the company and to the owner of the address. */
export const invitationPolicy = {
  subject: "invitation",
  viewers: ["user"],
  read: (viewer: Viewer, invitation: Invitation) =>
    isManagerOf(viewer, invitation.companyId) || mayAnswer(viewer, invitation),
  accept: mayAnswer,
  decline: mayAnswer,
  revoke: (viewer: Viewer, { companyId }: Invitation) => isManagerOf(viewer, companyId),
} satisfies Policy<Viewer, Invitation> & Record<string, unknown>;
