import { formatBytes } from "../../kernel/bytes.js";
import { FiledeskError } from "../../kernel/errors.js";
import type { BucketRules } from "./buckets.js";
import type { FileType } from "./file-types.js";

/** @param maxBytes the bucket's limit @param actual the bytes seen when the limit was crossed: the file has at least as many */
export const fileTooLarge = (maxBytes: number, actual: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `This file is larger than the ${formatBytes(maxBytes)} that are allowed.`,
    {
      limit: maxBytes,
      actual,
      unit: "bytes",
    },
  );

export const tooManyPixels = (maxPixels: number, width: number, height: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `This picture has ${width} × ${height} pixels; ${Math.floor(maxPixels / 100_000) / 10} megapixels are allowed. Send a smaller one.`,
    { limit: maxPixels, actual: width * height, unit: "pixels" },
  );

export const tooLongSide = (maxSide: number, width: number, height: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `This picture has ${width} × ${height} pixels; ${maxSide} are allowed on each side. Send a smaller one.`,
    { limit: maxSide, actual: Math.max(width, height), unit: "pixels per side" },
  );

export const tooSlowToDecode = (seconds: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `This picture cannot be decoded within the ${seconds} seconds that are allowed. Send a smaller one, or save it anew in a plainer form.`,
    { limit: seconds, unit: "seconds" },
  );

/** @param actual the frames seen when the limit was crossed: the animation has at least as many */
export const tooManyFrames = (limit: number, actual: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `This animation has more frames than the ${limit} that are allowed. Send a shorter one.`,
    { limit, actual, unit: "frames" },
  );

export const tooLong = (limit: number, seconds: number) =>
  new FiledeskError(
    "FILE_TOO_LARGE",
    `This video is ${seconds.toFixed(1)} seconds long; ${limit} are allowed. Send a shorter one.`,
    { limit, actual: seconds, unit: "seconds" },
  );

/** @param what the file is, as in "an executable program" */
export const unsupportedFileType = (what: string, rules: BucketRules) =>
  new FiledeskError(
    "UNSUPPORTED_FILE_TYPE",
    `This file cannot be taken: it is ${what}. Allowed here: ${rules.types.join(", ")}.`,
    { allowed: rules.types },
  );

/** The extension does not fit the content. */
export const extensionMismatch = (extension: string, { title, extensions }: FileType) =>
  new FiledeskError(
    "FILE_TYPE_MISMATCH",
    `This file's name ends in .${extension}, but its content is ${title}. Rename it to .${extensions[0]}, or send the file that was meant.`,
    { extension, allowed: extensions },
  );

/** The file contains another one. @param hidden as in "a ZIP archive" */
export const twoFilesInOne = (hidden: string) =>
  new FiledeskError(
    "FILE_TYPE_MISMATCH",
    `This file hides ${hidden} in it. Save it anew with the program that made it, and send that.`,
  );

/** @param why as in "it ends too early" */
export const corruptFile = (why: string) =>
  new FiledeskError("CORRUPT_FILE", `This file cannot be used: ${why}. Send an intact copy.`);

/** The stored bytes are damaged. @param what as in "are missing" */
export const damagedFile = (what: string) =>
  new FiledeskError(
    "CORRUPT_FILE",
    `The stored bytes of this file ${what}, so they are not given out. A manager can have them restored from a backup, or upload the file again.`,
  );
