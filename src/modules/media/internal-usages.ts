/** What uses files inside of Filedesk. Such usages are written by what uses the file, never by a client. */
const INTERNAL: ReadonlySet<string> = new Set([
  "attachment",
  "company",
  "user",
  "photo",
  "photo-series",
  "video-clip",
]);

/** Whether Filedesk itself has written down a usage of this type. */
export const isInternalUsage = (resourceType: string): boolean => INTERNAL.has(resourceType);

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
const INTERNAL_LETTERS: ReadonlySet<string> = new Set([...INTERNAL].map(lettersOf));

/** Whether people would take it for one of the inside, such as `PhotoSeries` or `photo.series`. */
export const resemblesInternalUsage = (resourceType: string): boolean =>
  INTERNAL_LETTERS.has(lettersOf(resourceType));
