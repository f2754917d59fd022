/** Resource types of what people say and show: files of tickets and conversations, and avatars. */
export const PERSONAL_USAGES = ["attachment", "user", "photo", "photo-series", "video-clip"] as const;

/** Resource types of Filedesk itself. Their usages are written by the module that uses the file, never by a client. */
const INTERNAL: ReadonlySet<string> = new Set([...PERSONAL_USAGES, "company"]);

/** Whether usages of this type are written by Filedesk itself. */
export const isInternalUsage = (resourceType: string): boolean => INTERNAL.has(resourceType);

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
const INTERNAL_LETTERS: ReadonlySet<string> = new Set([...INTERNAL].map(lettersOf));

/** Whether the type could be mistaken for an internal one, such as `PhotoSeries` or `photo.series`. */
export const resemblesInternalUsage = (resourceType: string): boolean =>
  INTERNAL_LETTERS.has(lettersOf(resourceType));
