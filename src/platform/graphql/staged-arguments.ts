/** Far above what a request may have, which the ingest checks: it bounds the work of checking. */
export const MAX_STAGED_IDS = 100;

const STAGED = "of the viewer (`startUpload`), complete and not used yet";

/** The description of an argument with staged uploads. */
export const STAGED_FILES = (bucket: string): string =>
  `Ids of staged uploads ${STAGED}, begun for \`${bucket}\`. They count with \`files\` and come after them.`;

/** The description of an argument with one staged upload. */
export const STAGED_FILE = (bucket: string): string =>
  `Id of a staged upload ${STAGED}, begun for ${bucket}. Give either this or \`file\`.`;
