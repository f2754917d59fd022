/**
 * What operators and clients are told of a database and files that do not fit each other: what is wrong, what is safe, and
 * what to do. `place` is where the files lie.
 */

const ADOPT = "filedesk adopt-storage --yes";
const UNCHANGED = "Nothing has been changed.";
const IF_TOGETHER = `If this database and these files belong together, run: ${ADOPT}`;

/** How many of the files that a database knows were looked for in the storage, and how many of them are there. */
export interface Sample {
  readonly checked: number;
  readonly found: number;
}

const inNumbers = ({ checked, found }: Sample) =>
  `${found} of ${checked} files that were looked for are there`;

export const belongTogether = (id: string): string =>
  `the database and the files belong together (installation ${id})`;

export const areBothEmpty = (): string =>
  "the database and the files are empty; the first start makes them one installation";

export const match = (sample: Sample): string =>
  `the files have no installation mark, but match the database (${inNumbers(sample)}); the next start marks them`;

export const databaseOfAnother = (place: string, ids: { files: string; database: string }): string =>
  `The files in ${place} belong to installation ${ids.files}, but the database belongs to installation ${ids.database}. ` +
  `${UNCHANGED} Correct FILEDESK_DATA or DATABASE_URL, whichever is wrong. ${IF_TOGETHER}`;

/** @param installation whose files they are, where they say so */
export const databaseIsEmpty = (place: string, installation: string | null): string =>
  (installation === null
    ? `There are files in ${place}, but the database knows none of them: `
    : `The files in ${place} belong to installation ${installation}, but the database knows none of them: `) +
  `it is empty, or the wrong one. ${UNCHANGED} Correct DATABASE_URL, or restore the database from a backup. ` +
  "To start with an empty desk instead, set FILEDESK_DATA to a new folder.";

export const databaseHasNoId = (place: string, installation: string, sample: Sample): string =>
  `The files in ${place} belong to installation ${installation}, but the database has no installation id ` +
  `(${inNumbers(sample)}): it is the wrong one, or a backup from before there were ids. ${UNCHANGED} ` +
  `Correct DATABASE_URL, or restore a later backup of the database. ${IF_TOGETHER}`;

export const filesAreAway = (place: string): string =>
  `There are no files in ${place}, but the database knows some: the file system is probably not mounted. ${UNCHANGED} ` +
  "Mount it, restore the files from a backup, or correct FILEDESK_DATA. " +
  `If the files are lost and the desk is to go on without them, run: ${ADOPT}`;

export const filesOfAnother = (place: string, sample: Sample): string =>
  `The files in ${place} have no installation mark and do not match the database (${inNumbers(sample)}): ` +
  `they are the wrong ones, or only a part of them was restored. ${UNCHANGED} ` +
  `Mount or restore the right files, or correct FILEDESK_DATA. ${IF_TOGETHER}`;

export const databaseIsOlder = (place: string): string =>
  `The database is older than the files in ${place}: it was restored from a backup. Files that were uploaded after that ` +
  "backup have no record in it. They are kept: nothing is swept or purged until you decide. " +
  "To have their records back, restore a later backup of the database. " +
  `To go on with this one, run: ${ADOPT} (files without a record then go to the trash, for SWEEP_TRASH_DAYS)`;

/** @param installation whose files lie there now, where they say so */
export const storageIsAway = (place: string, installation: string | null): string =>
  (installation === null
    ? `The files are out of reach: ${place} has no installation mark, so the file system is probably not mounted. `
    : `The files are out of reach: those in ${place} belong to another installation (${installation}). `) +
  "Uploads are refused, and nothing is removed. Mount the right file system; a restart is not needed.";

export const storageIsBack = (place: string): string => `The files in ${place} are within reach again.`;

/** For clients, who learn nothing of the machine. */
export const filesAreUnavailable = (): string =>
  "Files can neither be read nor changed at the moment, and nothing was changed. Try again in a while.";

/** For clients. */
export const removalIsHeld = (): string =>
  "Nothing can be removed for good at the moment, and nothing was changed: the database was restored from a backup, " +
  "which the desk's operator has to confirm first. Tell the operator.";
