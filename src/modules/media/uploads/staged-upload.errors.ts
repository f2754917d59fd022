import { badUserInput, FiledeskError } from "../../../kernel/errors.js";

/** So many missing parts are named in words. */
const NAMED = 10;

/** The error for a direct upload to a storage that clients cannot reach. */
export const noDirectUploads = () =>
  badUserInput("The storage of this server takes no direct uploads: use the method RESUMABLE.", {
    field: "method",
  });

/** @param missing the numbers of the parts that have not arrived, or not completely */
export function partsMissing(
  stagedUploadId: string,
  { missing, count }: { readonly missing: readonly number[]; readonly count: number },
): FiledeskError {
  const named = missing.slice(0, NAMED).join(", ");
  const rest = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  return new FiledeskError(
    "UPLOAD_INCOMPLETE",
    `${missing.length} of ${count} parts of this upload have not arrived: ${named}${rest}. Send each to its \`url\` in \`parts\`, then complete the upload.`,
    { stagedUploadId, missing },
  );
}
