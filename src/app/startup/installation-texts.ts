import type { FilesPlace } from "./open-storage.js";

/** Messages about databases and files that do not belong together: the problem, what is safe, and instructions. */

const ADOPT = "filedesk adopt-storage --yes";
const UNCHANGED = "Nothing has been changed.";
const IF_TOGETHER = `If this database and these files belong together, run: ${ADOPT}`;

/** How many files of the database were searched in the storage, and how many were found. */
export interface Sample {
  readonly checked: number;
  readonly found: number;
}

const inNumbers = ({ checked, found }: Sample) => `${found} of ${checked} sampled files exist`;

export const belongTogether = (id: string): string =>
  `the database and the files belong together (installation ${id})`;

export const areBothEmpty = (): string =>
  "the database and the files are empty; the first start makes them one installation";

export const match = (sample: Sample): string =>
  `the files have no installation mark, but match the database (${inNumbers(sample)}); the next start marks them`;

const WORDS = {
  folder: {
    storage: "local",
    setting: "FILEDESK_DATA",
    another: "set FILEDESK_DATA to a new folder",
    isAbsent: "the file system is probably not mounted",
    mount: "Mount it, restore",
    mountRight: "Mount or restore the right files",
    restore: "Mount the right file system",
  },
  bucket: {
    storage: "s3",
    setting: "S3_BUCKET or S3_PREFIX",
    another: "set S3_BUCKET or S3_PREFIX to an empty place",
    isAbsent: "it is probably the wrong bucket or prefix",
    mount: "Restore",
    mountRight: "Restore the right files",
    restore: "Restore the bucket",
  },
} as const;

export const databaseOfAnother = (place: FilesPlace, ids: { files: string; database: string }): string =>
  `The files in ${place.location} belong to installation ${ids.files}, but the database belongs to installation ${ids.database}. ` +
  `${UNCHANGED} Correct ${WORDS[place.kind].setting} or DATABASE_URL, whichever is wrong. ${IF_TOGETHER}`;

/** @param installation the installation of the files, if they have a mark */
export const databaseIsEmpty = ({ location, kind }: FilesPlace, installation: string | null): string =>
  (installation === null
    ? `There are files in ${location}, but the database has no record of them: `
    : `The files in ${location} belong to installation ${installation}, but the database has no record of them: `) +
  `it is empty, or the wrong one. ${UNCHANGED} Correct DATABASE_URL, or restore the database from a backup. ` +
  `To start with an empty desk instead, ${WORDS[kind].another}.`;

export const databaseHasNoId = ({ location }: FilesPlace, installation: string, sample: Sample): string =>
  `The files in ${location} belong to installation ${installation}, but the database has no installation id ` +
  `(${inNumbers(sample)}): it is the wrong one, or a backup from before there were ids. ${UNCHANGED} ` +
  `Correct DATABASE_URL, or restore a later backup of the database. ${IF_TOGETHER}`;

export const filesAreMissing = ({ location, kind }: FilesPlace): string =>
  `There are no files in ${location}, but the database has records of some: ${WORDS[kind].isAbsent}. ${UNCHANGED} ` +
  `${WORDS[kind].mount} the files from a backup, or correct ${WORDS[kind].setting}. ` +
  `If the files are lost and the desk is to go on without them, run: ${ADOPT}`;

export const filesOfAnother = ({ location, kind }: FilesPlace, sample: Sample): string =>
  `The files in ${location} have no installation mark and do not match the database (${inNumbers(sample)}): ` +
  `they are the wrong ones, or only a part of them was restored. ${UNCHANGED} ` +
  `${WORDS[kind].mountRight}, or correct ${WORDS[kind].setting}. ${IF_TOGETHER}`;

export const databaseIsOlder = ({ location }: FilesPlace): string =>
  `The database is older than the files in ${location}: it was restored from a backup. Files that were uploaded after that ` +
  "backup have no record in it. They are kept: nothing is swept or purged until you decide. " +
  "To have their records back, restore a later backup of the database. " +
  `To go on with this one, run: ${ADOPT} (files without a record then go to the trash, for SWEEP_TRASH_DAYS)`;

export const filesAreMoving = (from: FilesPlace, to: FilesPlace): string =>
  `Files are being moved from ${from.location} to ${to.location}: new ones are stored in ${to.location}, and all are found ` +
  `in either. To move them, run: filedesk migrate-storage --from ${WORDS[from.kind].storage} --to ${WORDS[to.kind].storage}`;

export const isMarkedNext = ({ location }: FilesPlace): string =>
  `${location} is empty and has no installation mark; the next start marks it, for the files that are moved`;

/** @param to where the files are being moved, or have been */
export const filesAreElsewhere = ({ location }: FilesPlace, to: string): string =>
  `The files in ${location} have been moved to ${to}, or are being moved: here alone, many would look lost. ${UNCHANGED} ` +
  "Set STORAGE to where the files are now, and as long as they are being moved STORAGE_FROM as well. " +
  `If the desk is to go on with the files in ${location} alone, run: ${ADOPT}`;

export const beginWithOneStorage = (): string =>
  "Files can only be moved when the database and the files have been marked as one installation, and they have not. " +
  `${UNCHANGED} Start once with STORAGE set to where the files are, without STORAGE_FROM.`;

/** One of two storages that files are moved between. */
export const filesWithoutMark = ({ location, kind }: FilesPlace): string =>
  `There are files in ${location}, but no installation mark: files are only moved between the storages of one ` +
  `installation. ${UNCHANGED} Remove those files, or correct ${WORDS[kind].setting} or STORAGE_FROM. ${IF_TOGETHER}`;

export const filesInNeither = (places: readonly FilesPlace[], sample: Sample): string =>
  `The database has records of files that are neither in ${places.map(({ location }) => location).join(" nor in ")} ` +
  `(${inNumbers(sample)}): one of them is the wrong one, or not mounted. ${UNCHANGED} ` +
  `Correct ${places.map(({ kind }) => WORDS[kind].setting).join(", ")} or STORAGE_FROM. ` +
  `If the desk is to go on without these files, run: ${ADOPT}`;

/** @param installation the installation of the files that are there now, if they have a mark */
export const storageIsUnavailable = ({ location, kind }: FilesPlace, installation: string | null): string =>
  (installation === null
    ? `The files are unavailable: ${location} has no installation mark, so ${WORDS[kind].isAbsent}. `
    : `The files are unavailable: those in ${location} belong to another installation (${installation}). `) +
  `Uploads are refused, and nothing is removed. ${WORDS[kind].restore}; a restart is not needed.`;

/** @param reason of the storage */
export const storageHasFailed = ({ location }: FilesPlace, reason: string): string =>
  `The files in ${location} are unavailable: ${reason}. Uploads are refused, and nothing is removed.`;

export const storageIsAvailable = ({ location }: FilesPlace): string =>
  `The files in ${location} are available again.`;

/** For clients, without details of the machine. */
export const filesAreUnavailable = (): string =>
  "Files can neither be read nor changed at the moment, and nothing was changed. Try again in a while.";

/** For clients. */
export const removalIsHeld = (): string =>
  "Nothing can be removed for good at the moment, and nothing was changed: the database was restored from a backup, " +
  "which the desk's operator has to confirm first. Tell the operator.";
