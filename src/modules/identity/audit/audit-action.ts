/** Everything that the audit log records, by what it was done to: whatever writes an entry adds its action here. */
export type AuditAction =
  | `company.${"created" | "updated" | "deleted" | "restored" | "purged"}`
  | `company.${"logo-set" | "logo-removed" | "orphans-purged"}`
  | `user.${"created" | "updated" | "deactivated" | "reactivated" | "signed-out-elsewhere"}`
  | `user.${"password-changed" | "password-set" | "password-reset" | "password-reset-created"}`
  | `user.${"avatar-set" | "avatar-removed"}`
  | `membership.${"set" | "removed"}`
  | `invitation.${"created" | "revoked" | "accepted" | "declined"}`
  | `session.${"opened-for-script" | "ended" | "revoked"}`
  | `media-file.${"uploaded" | "imported" | "updated" | "replaced" | "deleted" | "restored" | "downloaded"}`
  | `media-file.${"usage-added" | "usage-removed" | "rendering-failed"}`
  | `media-file.${"infected-upload-refused" | "quarantined"}`
  | `attachment.${"added" | "deleted" | "restored" | "downloaded"}`
  | `ticket.${"opened" | "updated" | "deleted" | "restored" | "participant-added" | "participant-removed"}`
  | `reply.${"deleted"}`
  | `${"photo" | "photo-series" | "clip"}.posted`
  | `photo-series.${"reordered" | "captioned" | "photos-added" | "photo-removed"}`
  | `post.${"deleted" | "restored"}`
  | `conversation.${"started" | "closed" | "reopened" | "participant-added" | "participant-removed"}`
  | `message.${"deleted" | "purged"}`
  | `guest.${"invited" | "joined" | "revoked"}`;

/** The actions on one kind of subject: `AuditActionOn<"ticket">`. */
export type AuditActionOn<Subject extends string> = Extract<AuditAction, `${Subject}.${string}`>;
