import { forbidden } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { createConnectionSlots } from "../../../platform/http/connections/connection-slots.js";
import type { HandOverHeaders } from "../../../platform/http/files/hand-over.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import { countUse } from "../../../platform/rate-limit/rate-limit.repository.js";
import type { RateUse } from "../../../platform/rate-limit/rate-use.js";
import type { ByteRange } from "../../../platform/storage/storage.js";
import type { LimitFor } from "../../identity/api-keys/api-key-limits.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { Identified } from "../../identity/viewer.js";
import { FILE_TYPES } from "../file-types.js";
import { refuseUnsafe } from "../media-file.policy.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { VariantView } from "../variants/variant.repository.js";
import type { StoredBytesDeps } from "./stored-bytes.js";
import { readable } from "./stored-bytes.js";

export interface DownloadDeps extends StoredBytesDeps {
  readonly db: Database;
  readonly downloadsPerMinute: number;
  readonly downloadsAtOnce: number;
  /** What the limits of a person are for others. */
  readonly limitFor: LimitFor;
}

export interface Download {
  readonly viewer: Identified;
  readonly file: MediaFileView;
  /** The variant, if not the file itself is requested. */
  readonly variant?: VariantView;
  /** The requested object, as the audit log names it. */
  readonly subject: { readonly type: "attachment" | "media-file"; readonly id: string };
}

/** Many people may share one network address, as with sign-ins. */
const PEOPLE_BEHIND_AN_ADDRESS = 10;

/** A response that is not handed over is opened: that is one download. */
function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let done: Promise<unknown> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** Places among the downloads at once, on this server. */
function createSlots(ofOnePerson: number, limitFor: LimitFor) {
  const policy = "downloads-at-once";
  const ofOneKey = limitFor({ kind: "api-key" }, ofOnePerson);
  return {
    ofPeople: createConnectionSlots({
      policy,
      limit: ofOnePerson,
      message: `You have ${ofOnePerson} downloads under way, which is as many as one person may have at once: let one end first.`,
    }),
    ofKeys: createConnectionSlots({
      policy,
      limit: ofOneKey,
      message: `There are ${ofOneKey} downloads under way with this API key or its URLs, which is the limit: let one end first.`,
    }),
    ofAddresses: createConnectionSlots({
      policy: "public-downloads-at-once",
      limit: ofOnePerson * PEOPLE_BEHIND_AN_ADDRESS,
      message: "There are too many downloads under way to this network address: let one end first.",
    }),
  };
}

export type DownloadService = ReturnType<typeof createDownloadService>;

export function createDownloadService(options: DownloadDeps) {
  const { db, downloadsPerMinute, downloadsAtOnce, limitFor, ...deps } = options;
  const slots = createSlots(downloadsAtOnce, limitFor);
  return {
    /** Takes a slot for a download. Call the result to release it. @throws RATE_LIMITED */
    takeSlot: ({ kind, id }: Identified): (() => void) =>
      (kind === "api-key" ? slots.ofKeys : slots.ofPeople).take(id),

    /** The same for anonymous requests, by network address. @throws RATE_LIMITED */
    takePublicSlot: (address: string): (() => void) => slots.ofAddresses.take(networkKeyOf(address)),

    /** Counts the request before anything is looked up. @throws RATE_LIMITED */
    countDownload: (viewer: Identified): Promise<void> =>
      countUse(
        db,
        {
          policy: "downloads",
          whose: viewer.id,
          limit: limitFor(viewer, downloadsPerMinute),
          windowSeconds: 60,
          message: "Too many downloads",
        },
        viewer.client?.rateUses,
      ),

    /** The same for anonymous requests, by network address, which a whole office may share. @throws RATE_LIMITED */
    countPublicDownload: (address: string, counted?: RateUse[]): Promise<void> =>
      countUse(
        db,
        {
          policy: "public-downloads",
          whose: networkKeyOf(address),
          limit: downloadsPerMinute * PEOPLE_BEHIND_AN_ADDRESS,
          windowSeconds: 60,
          message: "Too many downloads from this network address",
        },
        counted,
      ),

    /** The bytes of a public variant. */
    openPublic(file: MediaFileView, variant: VariantView) {
      const bytes = readable(deps, { file, variant });
      return { ...bytes, handOver: (headers: HandOverHeaders) => bytes.handOver(headers, false) };
    },

    /**
     * Opens the bytes of a file that the viewer may read, and audits it.
     *
     * @throws FILE_NOT_SCANNED, FILE_INFECTED, CORRUPT_FILE, FORBIDDEN for the original of an SVG image
     */
    openDownload({ viewer, file, variant, subject }: Download) {
      refuseUnsafe(file);
      if (variant === undefined && file.mimeType === FILE_TYPES.svg.mimeType)
        throw forbidden("The original of an SVG image is not given out. Use one of its variants.");
      const bytes = readable(deps, { file, variant });
      const audit = once(() =>
        insertAuditEntry(db, {
          companyId: file.companyId,
          by: viewer,
          action: `${subject.type}.downloaded`,
          subjectType: subject.type,
          subjectId: subject.id,
          ...(variant && { details: { variant: variant.name } }),
        }),
      );
      return {
        ...bytes,
        async open(range?: ByteRange) {
          await audit();
          return bytes.open(range);
        },
        async handOver(headers: HandOverHeaders) {
          await audit();
          return bytes.handOver(headers, true);
        },
      };
    },
  };
}
