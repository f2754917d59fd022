import { badUserInput, FiledeskError } from "../../../kernel/errors.js";

/** So many missing parts are named in words. */
const NAMED = 10;

/** The error for a direct upload to a storage that clients cannot reach. */
export const noDirectUploads = () =>
  badUserInput("The storage of this server takes no direct uploads: use the method RESUMABLE.", {
    field: "method",
  });

const RETRY_SECONDS = 1;

/** The error while another request works on an upload and does not stop in time. */
export const uploadLocked = () =>
  new FiledeskError(
    "UPLOAD_LOCKED",
    "Another request is sending or checking the bytes of this upload: try again in a moment.",
    { retryAfter: RETRY_SECONDS },
  );

/** @param missing the numbers of the parts that have not arrived, or not completely */
export function partsMissing(
  stagedUploadId: string,
  { missing, count }: { readonly missing: readonly number[]; readonly count: number },
): FiledeskError {
  if (count === 1)
    return new FiledeskError(
      "UPLOAD_INCOMPLETE",
      "The bytes of this upload have not arrived: send all of them in one PUT to its `url`, then complete the upload.",
      { stagedUploadId },
    );
  const named = missing.slice(0, NAMED).join(", ");
  const rest = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  return new FiledeskError(
    "UPLOAD_INCOMPLETE",
    `${missing.length} of ${count} parts of this upload have not arrived: ${named}${rest}. Send each to its \`url\` in \`parts\`, then complete the upload.`,
    { stagedUploadId, missing },
  );
}
