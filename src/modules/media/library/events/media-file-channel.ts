import { authorize } from "../../../../kernel/authorize.js";
import type { Clock } from "../../../../kernel/clock.js";
import type { Database } from "../../../../platform/database/client.js";
import type { Channel, Told } from "../../../../platform/events/feed/channel.js";
import type { LoggedEvent } from "../../../../platform/events/log/event-log.repository.js";
import { findCompany } from "../../../identity/companies/company.repository.js";
import type { CompanyRow } from "../../../identity/company.tables.js";
import type { Viewer } from "../../../identity/viewer.js";
import type { BytesEventType, FileEventType } from "../../file-events.js";
import { libraryPolicy } from "../library.policy.js";
import type { ToldFile } from "./told-file.repository.js";
import { listToldFiles } from "./told-file.repository.js";

export interface MediaFileChannelDeps {
  readonly db: Database;
  readonly clock: Clock;
}

/** The files of a company, for who may list them. */
export const createMediaFileChannel = ({ db, clock }: MediaFileChannelDeps): Channel<Viewer> => ({
  kind: "media",

  async admit(viewer, companyId) {
    authorize(libraryPolicy, "browseTheFilesOf", viewer, await findCompany(db, companyId));
  },

  async readers(companyId, viewers) {
    const company = await findCompany(db, companyId);
    return viewers.map((viewer) => company !== null && libraryPolicy.browseTheFilesOf(viewer, company));
  },

  async tell(companyId, events) {
    const ids = [...new Set(events.flatMap(filesOf))];
    const [files, company] = await Promise.all([
      ids.length > 0 ? listToldFiles(db, companyId, ids, clock()) : [],
      events.some(({ type }) => type === BRANDING) ? findCompany(db, companyId) : null,
    ]);
    const known = { files: new Map(files.map((file) => [file.id, file])), company };
    return events.map((event) => told(event, known));
  },

  isFor: () => true,
});

const BRANDING = "company.branding-changed";

/** How an event is told of a file that is in reach. */
const OF_FILE: Readonly<Record<Exclude<FileEventType, "file.deleted" | "file.purged">, string>> = {
  "file.added": "MediaFileAdded",
  "file.updated": "MediaFileUpdated",
  "file.restored": "MediaFileRestored",
  "file.variants-ready": "VariantsReady",
  "file.variants-failed": "VariantsFailed",
};

const OF_BYTES: ReadonlySet<string> = new Set<BytesEventType>([
  "file.altered",
  "file.missing",
  "file.recovered",
]);

const filesOf = ({ payload }: LoggedEvent): string[] => {
  const { mediaFileId, mediaFileIds } = payload as { mediaFileId?: string; mediaFileIds?: string[] };
  return mediaFileIds ?? (mediaFileId === undefined ? [] : [mediaFileId]);
};

/** A member of the union `MediaFileEvent`. */
interface MediaFileTold extends Told {
  readonly mediaFile?: ToldFile;
  readonly mediaFiles?: readonly ToldFile[];
  readonly mediaFileId?: string;
  readonly company?: CompanyRow;
}

interface Known {
  readonly files: ReadonlyMap<string, ToldFile>;
  readonly company: CompanyRow | null;
}

function told(event: LoggedEvent, { files, company }: Known): MediaFileTold | null {
  if (event.type === BRANDING) return company && { __typename: "CompanyBrandingChanged", company };
  const ids = filesOf(event);
  if (OF_BYTES.has(event.type)) {
    const mediaFiles = ids.flatMap((id) => files.get(id) ?? []).filter(isInReach);
    return { __typename: "IntegrityChanged", mediaFiles };
  }
  const [mediaFileId] = ids;
  return mediaFileId === undefined ? null : toldOfFile(event.type, mediaFileId, files.get(mediaFileId));
}

const isInReach = ({ deletedAt, versionOf, isCurrent }: ToldFile): boolean =>
  deletedAt === null && versionOf === null && isCurrent;

/** What is deleted or gone by now is told as that alone: what it was is nobody's business any more. */
function toldOfFile(
  type: string,
  mediaFileId: string,
  mediaFile: ToldFile | undefined,
): MediaFileTold | null {
  if (mediaFile === undefined) return { __typename: "MediaFilePurged", mediaFileId };
  // Earlier versions are in no list.
  if (mediaFile.versionOf !== null) return null;
  if (type === "file.deleted" || !isInReach(mediaFile))
    return { __typename: "MediaFileDeleted", mediaFileId };
  const __typename = OF_FILE[type as keyof typeof OF_FILE];
  return __typename === undefined ? null : { __typename, mediaFile };
}
