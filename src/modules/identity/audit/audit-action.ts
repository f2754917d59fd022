/** What the audit log records, by what it was done to: whatever writes an entry adds its action here. */
const ACTIONS = {
  company: [
    "created",
    "updated",
    "deleted",
    "restored",
    "purged",
    "logo-set",
    "logo-removed",
    "login-background-set",
    "login-background-removed",
    "navigation-background-set",
    "navigation-background-removed",
    "orphans-purged",
    "storage-limit-set",
  ],
  user: [
    "created",
    "updated",
    "deactivated",
    "reactivated",
    "sign-in-refused",
    "signed-out-elsewhere",
    "password-changed",
    "password-set",
    "password-reset",
    "password-reset-created",
    "avatar-set",
    "avatar-removed",
  ],
  membership: ["set", "removed"],
  "api-key": ["created", "revoked"],
  invitation: ["created", "revoked", "accepted", "declined"],
  session: ["opened", "opened-for-script", "ended", "revoked"],
  request: ["refused"],
  "media-file": [
    "uploaded",
    "imported",
    "updated",
    "replaced",
    "deleted",
    "restored",
    "purged",
    "downloaded",
    "usage-added",
    "usage-removed",
    "rendering-failed",
    "infected-upload-refused",
    "quarantined",
    "released",
    "destroyed",
  ],
  attachment: ["added", "updated", "deleted", "restored", "downloaded"],
  ticket: ["opened", "updated", "deleted", "restored", "purged", "participant-added", "participant-removed"],
  reply: ["updated", "deleted", "restored"],
  photo: ["posted"],
  "photo-series": ["posted", "reordered", "captioned", "photos-added", "photo-removed"],
  clip: ["posted"],
  post: ["updated", "deleted", "restored"],
  conversation: ["started", "closed", "reopened", "participant-added", "participant-removed"],
  message: ["imported", "updated", "deleted", "purged"],
  guest: ["invited", "joined", "revoked"],
  webhook: ["created", "updated", "enabled", "disabled", "deleted", "secret-rotated", "delivery-resent"],
} as const;

type Actions = typeof ACTIONS;

/** The actions on one kind of subject: `AuditActionOn<"ticket">`. */
export type AuditActionOn<Subject extends keyof Actions> = {
  [Kind in Subject]: `${Kind}.${Actions[Kind][number]}`;
}[Subject];

export type AuditAction = AuditActionOn<keyof Actions>;

export const AUDIT_ACTIONS: readonly AuditAction[] = Object.entries(ACTIONS).flatMap(([subject, actions]) =>
  actions.map((action) => `${subject}.${action}` as AuditAction),
);

export type AuditResult = "succeeded" | "refused" | "failed";

/** The actions that record something else than a success. */
const OTHER_RESULTS: ReadonlyMap<string, AuditResult> = new Map<AuditAction, AuditResult>([
  ["request.refused", "refused"],
  ["user.sign-in-refused", "refused"],
  ["media-file.infected-upload-refused", "refused"],
  ["media-file.rendering-failed", "failed"],
]);

/** How it ended, which the action says: it is not stored. */
export const auditResultOf = (action: string): AuditResult => OTHER_RESULTS.get(action) ?? "succeeded";
