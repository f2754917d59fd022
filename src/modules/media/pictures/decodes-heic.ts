import sharp from "sharp";

/** Whether the installed libvips decodes HEIC. The one that sharp brings does not: the codec is patented. */
export const decodesHeic = (): boolean => sharp.format.heif.input.fileSuffix?.includes(".heic") ?? false;
