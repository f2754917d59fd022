import type { Database } from "../../../platform/database/client.js";
import type { UserViewer } from "../../identity/viewer.js";
import type { Bucket } from "../buckets.js";
import type { RecordedFile } from "../ingest/record.js";

/** An entry that becomes part of a thing of Filedesk, such as a ticket's attachment, with its names resolved. */
export interface TargetEntry {
  readonly companyId: string;
  /** The id of the ticket, the reply or the conversation. */
  readonly resourceId: string;
  /** The uploader or the sender. */
  readonly by: UserViewer;
  /** Of the attachment. */
  readonly description: string | null;
  /** The text of a message. */
  readonly body: string;
  /** What identifies a message in the desk that it comes from. */
  readonly key: string | null;
  /** When it was uploaded or sent; null: now. */
  readonly createdAt: Date | null;
}

/** The ids of what an entry has become, besides its file. */
export interface ImportedIds {
  readonly attachmentId?: string;
  readonly messageId?: string;
}

/** The port that the modules of tickets and conversations implement, which are higher. For the operator: it checks no viewer. */
export interface ImportTarget {
  /** The bucket of the files. */
  readonly bucket: Bucket;
  /** Checks before any file is read that the entry has a place. @throws NOT_FOUND, GONE, CONFLICT */
  admit(db: Database, entry: TargetEntry): Promise<void>;
  /**
   * Records the entry in the transaction that records its files.
   *
   * @returns null if it is there already, although no import recorded it
   * @throws QUOTA_EXCEEDED, GONE, CONFLICT
   */
  record(tx: Database, entry: TargetEntry, files: readonly RecordedFile[]): Promise<ImportedIds | null>;
  /** What an entry became that was imported before. */
  find(db: Database, entry: TargetEntry, mediaFileId: string | null): Promise<ImportedIds>;
}

/** By resource type. */
export const TARGET_TYPES = ["ticket", "reply", "conversation"] as const;
export type TargetType = (typeof TARGET_TYPES)[number];
export type ImportTargets = Readonly<Record<TargetType, ImportTarget>>;

export const isTargetType = (type: string): type is TargetType =>
  (TARGET_TYPES as readonly string[]).includes(type);
