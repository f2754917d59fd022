import type { FileUpload } from "graphql-upload-ts";
import { badUserInput } from "../../kernel/errors.js";
import type { AnnouncedFile, IncomingFiles } from "../http/multipart/incoming-files.js";
import type { RequestContext } from "./context.js";

type Request = Pick<RequestContext<unknown>, "requestBytes" | "requestFiles">;

/**
 * The files of an input, as services expect them. `arrive` rejects with BAD_USER_INPUT if a file was not sent in a
 * multipart request.
 */
export function requestFiles(
  uploads: readonly Promise<FileUpload>[] | null | undefined,
  { requestBytes, requestFiles }: Request,
): IncomingFiles {
  const files = (uploads ?? []).map(announcedFile);
  // A request with several mutations also has the files of the others.
  return { files, requestBytes: files.length === requestFiles ? requestBytes : null };
}

/** The multipart handler sets every `Upload` to an `AnnouncedFile`. */
const announcedFile = (upload: Promise<FileUpload>): AnnouncedFile => ({
  async arrive(signal) {
    const file: unknown = await upload;
    if (typeof file === "object" && file !== null && "arrive" in file)
      return (file as AnnouncedFile).arrive(signal);
    throw badUserInput("Send files as a GraphQL multipart request: this `Upload` is not one of its parts.");
  },
});
