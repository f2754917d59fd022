/** What uses files inside of Filedesk. Such usages are written by what uses the file, never by a client. */
const INSIDE: ReadonlySet<string> = new Set([
  "attachment",
  "company",
  "user",
  "photo",
  "photo-series",
  "video-clip",
]);

/** Whatever its case and its separators: `PhotoSeries` would be taken for the one of the inside. */
export const isInside = (resourceType: string): boolean =>
  INSIDE.has(
    resourceType
      .replace(/([a-z])([A-Z])/g, "$1-$2")
      .replace(/[\s_]+/g, "-")
      .toLowerCase(),
  );
