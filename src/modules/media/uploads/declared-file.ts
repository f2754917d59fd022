import { badUserInput } from "../../../kernel/errors.js";
import type { BucketRules } from "../buckets.js";
import { FILE_TYPES } from "../file-types.js";
import { fitsExtension, isRelative } from "../ingest/receive/extensions.js";
import { extensionOf } from "../ingest/receive/file-name.js";
import { corruptFile, fileTooLarge, unsupportedFileType } from "../media.errors.js";

/** What a client says about a file before it sends it. */
export interface DeclaredFile {
  readonly fileName: string;
  readonly mimeType: string | null;
  readonly size: number | null;
}

const MAX_NAME_LENGTH = 1_024;
const MAX_MIME_TYPE_LENGTH = 255;

/**
 * Refuses what would be refused after the last byte anyway, by the client's own words. They are not trusted: the bytes
 * are checked when they have arrived.
 *
 * @throws BAD_USER_INPUT, CORRUPT_FILE, FILE_TOO_LARGE, UNSUPPORTED_FILE_TYPE
 */
export function refuseDeclared({ fileName, mimeType, size }: DeclaredFile, rules: BucketRules): void {
  if (fileName.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(fileName))
    throw badUserInput(`A file name has up to ${MAX_NAME_LENGTH} characters, and no control characters.`, {
      field: "fileName",
    });
  if (mimeType !== null && (mimeType.length > MAX_MIME_TYPE_LENGTH || /\p{Cc}/u.test(mimeType)))
    throw badUserInput(
      `A MIME type has up to ${MAX_MIME_TYPE_LENGTH} characters, and no control characters.`,
      {
        field: "mimeType",
      },
    );
  if (size !== null && (size < 0 || !Number.isSafeInteger(size)))
    throw badUserInput("The size must be a number of bytes.", { field: "size" });
  if (size === 0) throw corruptFile("it is empty");
  if (size !== null && size > rules.maxBytes) throw fileTooLarge(rules.maxBytes, size);
  const extension = extensionOf(fileName);
  const allowed = rules.types.map((name) => FILE_TYPES[name]);
  if (extension !== null) {
    if (!allowed.some((type) => fitsExtension(type, extension) || isRelative(type, extension)))
      throw unsupportedFileType(`named .${extension}`, rules);
    return;
  }
  const declared = Object.values(FILE_TYPES).find((type) => type.mimeType === mimeType);
  if (declared && !rules.types.includes(declared.name)) throw unsupportedFileType(declared.title, rules);
}
