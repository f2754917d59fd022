import type { FileUpload } from "graphql-upload-ts";
import { badUserInput } from "../../kernel/errors.js";
import type { IncomingFile, IncomingFiles } from "../http/incoming-files.js";

/** The files of an input, as the services take them. @throws BAD_USER_INPUT for what did not come by multipart */
export function incomingFiles(
  uploads: readonly Promise<FileUpload>[] | null | undefined,
  context: { readonly requestBytes: number | null },
): IncomingFiles {
  const files = (uploads ?? []).map(asIncoming);
  // A service that refuses before it waits for them leaves them to be rejected with nobody listening.
  for (const file of files) file.catch(() => {});
  return { files, requestBytes: context.requestBytes };
}

/** The multipart door makes every `Upload` an `IncomingFile` as well. */
async function asIncoming(upload: Promise<FileUpload>): Promise<IncomingFile> {
  const file: unknown = await upload;
  if (typeof file === "object" && file !== null && "open" in file) return file as IncomingFile;
  throw badUserInput("Send files as a GraphQL multipart request: this `Upload` is not one of its parts.");
}
