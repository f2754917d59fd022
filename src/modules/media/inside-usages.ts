/** What uses files inside of Filedesk. Such usages are written by what uses the file, never by a client. */
const INSIDE: ReadonlySet<string> = new Set([
  "attachment",
  "company",
  "user",
  "photo",
  "photo-series",
  "video-clip",
]);

/** Whether Filedesk itself has written down a usage of this type. */
export const isInside = (resourceType: string): boolean => INSIDE.has(resourceType);

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
const INSIDE_LETTERS: ReadonlySet<string> = new Set([...INSIDE].map(lettersOf));

/** Whether people would take it for one of the inside, such as `PhotoSeries` or `photo.series`. */
export const looksInside = (resourceType: string): boolean => INSIDE_LETTERS.has(lettersOf(resourceType));
