/** Resource types of what people say and show: files of tickets and conversations, and avatars. */
export const PERSONAL_USAGES = ["attachment", "user", "photo", "photo-series", "video-clip"] as const;

/** Resource types of Filedesk itself. Their usages are written by the module that uses the file, never by a client. */
const INTERNAL: ReadonlySet<string> = new Set([...PERSONAL_USAGES, "company"]);

/** Whether usages of this type are written by Filedesk itself. */
export const isInternalUsage = (resourceType: string): boolean => INTERNAL.has(resourceType);

/** Words for things of Filedesk: nobody else's resource has one of them as its type, used by Filedesk today or not. */
const RESERVED = [
  ...INTERNAL,
  ...["ticket", "reply", "message", "chat-message", "conversation", "post", "membership", "guest"],
];

const lettersOf = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
const RESERVED_LETTERS: ReadonlySet<string> = new Set(RESERVED.map(lettersOf));

/** Whether the type is that of a thing of Filedesk, or could be mistaken for it, such as `PhotoSeries` or `photo.series`. */
export const resemblesInternalUsage = (resourceType: string): boolean =>
  RESERVED_LETTERS.has(lettersOf(resourceType));
