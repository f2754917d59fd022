import type { FileUpload } from "graphql-upload-ts";
import { badUserInput } from "../../kernel/errors.js";
import type { AnnouncedFile, IncomingFiles } from "../http/multipart/incoming-files.js";
import type { RequestContext } from "./context.js";

type Request = Pick<RequestContext<unknown>, "requestBytes" | "requestFiles">;

/** The files of an input, as the services take them. Asking for one rejects with BAD_USER_INPUT if it did not come by multipart. */
export function requestFiles(
  uploads: readonly Promise<FileUpload>[] | null | undefined,
  { requestBytes, requestFiles }: Request,
): IncomingFiles {
  const files = (uploads ?? []).map(announcedFile);
  // A request for several mutations has the files of the others as well.
  return { files, requestBytes: files.length === requestFiles ? requestBytes : null };
}

/** The multipart door makes every `Upload` an `AnnouncedFile`. */
const announcedFile = (upload: Promise<FileUpload>): AnnouncedFile => ({
  async arrive(signal) {
    const file: unknown = await upload;
    if (typeof file === "object" && file !== null && "arrive" in file)
      return (file as AnnouncedFile).arrive(signal);
    throw badUserInput("Send files as a GraphQL multipart request: this `Upload` is not one of its parts.");
  },
});
