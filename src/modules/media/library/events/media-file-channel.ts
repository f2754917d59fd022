import { authorize } from "../../../../kernel/authorize.js";
import type { Clock } from "../../../../kernel/clock.js";
import type { Database } from "../../../../platform/database/client.js";
import type { Channel, EventPayload } from "../../../../platform/events/feed/channel.js";
import type { LoggedEvent } from "../../../../platform/events/log/event-log.repository.js";
import { findCompany } from "../../../identity/companies/company.repository.js";
import type { CompanyRow } from "../../../identity/company.tables.js";
import type { Viewer } from "../../../identity/viewer.js";
import type { BytesEventType, FileEventType, ReachedThreshold } from "../../media-file.events.js";
import { libraryPolicy } from "../library.policy.js";
import type { EventFile } from "./event-file.repository.js";
import { listEventFiles } from "./event-file.repository.js";

export interface MediaFileChannelDeps {
  readonly db: Database;
  readonly clock: Clock;
}

/** The files of a company, for viewers who may list them. */
export const createMediaFileChannel = ({ db, clock }: MediaFileChannelDeps): Channel<Viewer> => ({
  kind: "media",

  async admit(viewer, companyId) {
    authorize(libraryPolicy, "browseTheFilesOf", viewer, await findCompany(db, companyId));
  },

  async readers(companyId, viewers) {
    const company = await findCompany(db, companyId);
    return viewers.map((viewer) => company !== null && libraryPolicy.browseTheFilesOf(viewer, company));
  },

  async toPayloads(companyId, events) {
    const ids = [...new Set(events.flatMap(filesOf))];
    const [files, company] = await Promise.all([
      ids.length > 0 ? listEventFiles(db, companyId, ids, clock()) : [],
      events.some(({ type }) => type === BRANDING) ? findCompany(db, companyId) : null,
    ]);
    const known = { files: new Map(files.map((file) => [file.id, file])), company };
    return events.map((event) => payloadOf(event, known));
  },

  /** An API key is told of no file of a ticket, a conversation or a person; that one is gone has no name. */
  isVisibleTo(viewer, payload) {
    if (viewer.kind !== "api-key") return true;
    const { mediaFile, mediaFiles = [] } = payload as MediaFilePayload;
    return !(mediaFile?.isPersonal || mediaFiles.some(({ isPersonal }) => isPersonal));
  },
});

const BRANDING = "company.branding-changed";
const THRESHOLD = "company.storage-threshold";

/** The event of a file that is visible. */
const OF_FILE: Readonly<Record<Exclude<FileEventType, "file.deleted" | "file.purged">, string>> = {
  "file.added": "MediaFileAdded",
  "file.updated": "MediaFileUpdated",
  "file.restored": "MediaFileRestored",
  "file.variants-ready": "VariantsReady",
  "file.variants-failed": "VariantsFailed",
};

const OF_BYTES: Readonly<Record<BytesEventType, string>> = {
  "file.altered": "IntegrityChanged",
  "file.missing": "IntegrityChanged",
  "file.recovered": "IntegrityChanged",
  "file.scanned": "ScanStatusChanged",
  "file.infected": "ScanStatusChanged",
  "file.released": "ScanStatusChanged",
  "file.destroyed": "ScanStatusChanged",
};

const filesOf = ({ payload }: LoggedEvent): string[] => {
  const { mediaFileId, mediaFileIds } = payload as { mediaFileId?: string; mediaFileIds?: string[] };
  return mediaFileIds ?? (mediaFileId === undefined ? [] : [mediaFileId]);
};

/** A member of the union `MediaFileEvent`. */
interface MediaFilePayload extends EventPayload, Partial<ReachedThreshold> {
  readonly mediaFile?: EventFile;
  readonly mediaFiles?: readonly EventFile[];
  readonly mediaFileId?: string;
  readonly company?: CompanyRow;
}

interface Known {
  readonly files: ReadonlyMap<string, EventFile>;
  readonly company: CompanyRow | null;
}

function payloadOf(event: LoggedEvent, { files, company }: Known): MediaFilePayload | null {
  if (event.type === BRANDING) return company && { __typename: "CompanyBrandingChanged", company };
  if (event.type === THRESHOLD)
    return { __typename: "StorageThresholdReached", ...(event.payload as unknown as ReachedThreshold) };
  const ids = filesOf(event);
  const ofBytes = OF_BYTES[event.type as BytesEventType];
  if (ofBytes !== undefined) {
    const mediaFiles = ids.flatMap((id) => files.get(id) ?? []).filter(isInReach);
    return { __typename: ofBytes, mediaFiles };
  }
  const [mediaFileId] = ids;
  return mediaFileId === undefined ? null : payloadOfFile(event.type, mediaFileId, files.get(mediaFileId));
}

const isInReach = ({ deletedAt, versionOf, isCurrent }: EventFile): boolean =>
  deletedAt === null && versionOf === null && isCurrent;

/** A file that is deleted or purged by now is reported only as such. */
function payloadOfFile(
  type: string,
  mediaFileId: string,
  mediaFile: EventFile | undefined,
): MediaFilePayload | null {
  if (mediaFile === undefined) return { __typename: "MediaFilePurged", mediaFileId };
  // Earlier versions are in no list.
  if (mediaFile.versionOf !== null) return null;
  if (type === "file.deleted" || !isInReach(mediaFile))
    return { __typename: "MediaFileDeleted", mediaFileId };
  const __typename = OF_FILE[type as keyof typeof OF_FILE];
  return __typename === undefined ? null : { __typename, mediaFile };
}
