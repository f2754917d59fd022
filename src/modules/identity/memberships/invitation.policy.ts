import type { Policy } from "../../../kernel/authorize.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { Viewer } from "../viewer.js";
import { isManagerOf } from "../viewer.js";

type Invitation = Pick<InvitationRow, "companyId" | "email" | "declinedAt">;

/** Whoever has the address may answer, and once. */
const mayAnswer = (viewer: Viewer, { companyId, email, declinedAt }: Invitation) =>
  viewer.kind === "user" && viewer.email === email && declinedAt === null && !viewer.roles.has(companyId);

/** Whom a company asks is known to its managers and to the person who is asked. */
export const invitationPolicy = {
  subject: "invitation",
  viewers: ["user"],
  read: (viewer: Viewer, invitation: Invitation) =>
    isManagerOf(viewer, invitation.companyId) || mayAnswer(viewer, invitation),
  accept: mayAnswer,
  decline: mayAnswer,
  revoke: (viewer: Viewer, { companyId }: Invitation) => isManagerOf(viewer, companyId),
} satisfies Policy<Viewer, Invitation> & Record<string, unknown>;
