import { badUserInput } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import type { Bucket } from "../buckets.js";

/** What an upload is begun for. */
export interface TargetIds {
  readonly companyId?: string | null | undefined;
  readonly ticketId?: string | null | undefined;
  readonly replyId?: string | null | undefined;
  readonly conversationId?: string | null | undefined;
  readonly mediaFileId?: string | null | undefined;
}

/** Something that files are uploaded for; `viewer` for one's own account. */
export type TargetKind = "company" | "ticket" | "reply" | "conversation" | "mediaFile" | "viewer";

export interface UploadTarget {
  readonly id: string;
  readonly bucket: Bucket;
  /** In bytes; 0 if it is not known yet. */
  readonly size: number;
}

/**
 * The check of the mutation that will take the upload: whether the viewer may do it, and whether the quota has room.
 *
 * @returns the company that the file will belong to
 */
export type AuthorizeUpload = (
  db: Database,
  viewer: Viewer,
  target: UploadTarget,
) => Promise<{ readonly viewer: Identified; readonly companyId: string }>;

/** By what an upload is begun for, and its bucket. The modules that take files provide them, and `app` joins them. */
export type UploadTargets = Readonly<Record<TargetKind, Readonly<Partial<Record<Bucket, AuthorizeUpload>>>>>;

const KIND_OF_ID = {
  companyId: "company",
  ticketId: "ticket",
  replyId: "reply",
  conversationId: "conversation",
  mediaFileId: "mediaFile",
} as const satisfies Record<keyof TargetIds, TargetKind>;

/** The names of the ids, one of which names the target. */
export const TARGET_IDS = Object.keys(KIND_OF_ID) as readonly (keyof TargetIds)[];

/** @throws BAD_USER_INPUT unless exactly one id is given, or none for a file of the viewer's own account */
export function targetOf(
  targets: UploadTargets,
  ids: TargetIds,
  bucket: Bucket,
): { readonly id: string; readonly authorizeUpload: AuthorizeUpload } {
  const given = TARGET_IDS.flatMap((name) => {
    const id = ids[name];
    return id == null ? [] : [{ kind: KIND_OF_ID[name], id }];
  });
  const [target = { kind: "viewer" as const, id: "" }, ...more] = given;
  const authorizeUpload = targets[target.kind][bucket];
  if (more.length === 0 && authorizeUpload !== undefined) return { id: target.id, authorizeUpload };
  throw badUserInput(
    `Name one thing that takes a file of ${bucket}: ${namesFor(targets, bucket).join(", ")}.`,
    { field: "bucket", allowed: namesFor(targets, bucket) },
  );
}

const namesFor = (targets: UploadTargets, bucket: Bucket): string[] => [
  ...TARGET_IDS.filter((name) => targets[KIND_OF_ID[name]][bucket] !== undefined),
  ...(targets.viewer[bucket] ? ["none of the ids, for your own account"] : []),
];
