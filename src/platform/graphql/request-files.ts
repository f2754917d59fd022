import type { FileUpload } from "graphql-upload-ts";
import { badUserInput } from "../../kernel/errors.js";
import type { AnnouncedFile, IncomingFiles } from "../http/multipart/incoming-files.js";
import type { RequestContext } from "./context.js";

type Request = Pick<RequestContext<unknown>, "requestBytes" | "requestFiles">;

interface GivenFiles {
  readonly files?: readonly Promise<FileUpload>[] | null | undefined;
  readonly stagedUploadIds?: readonly string[] | null | undefined;
}

interface GivenFile {
  readonly file?: Promise<FileUpload> | null | undefined;
  readonly stagedUploadId?: string | null | undefined;
}

/**
 * The files of an input, as services expect them. `arrive` rejects with BAD_USER_INPUT if a file was not sent in a
 * multipart request.
 */
export function requestFiles(
  { files, stagedUploadIds }: GivenFiles,
  { requestBytes, requestFiles }: Request,
): IncomingFiles {
  const sent = (files ?? []).map(announcedFile);
  const staged = (stagedUploadIds ?? []).map((stagedUploadId) => ({ stagedUploadId }));
  // A request with several mutations also has the files of the others.
  return { files: [...sent, ...staged], requestBytes: sent.length === requestFiles ? requestBytes : null };
}

/**
 * The file of an input that takes one, sent with the request or staged before.
 *
 * @throws BAD_USER_INPUT unless exactly one of both is given
 */
export function requestFile({ file, stagedUploadId }: GivenFile, request: Request): IncomingFiles {
  if ((file == null) === (stagedUploadId == null))
    throw badUserInput("Give either `file` or `stagedUploadId`, and not both.", { field: "file" });
  return requestFiles(
    { files: file == null ? [] : [file], stagedUploadIds: stagedUploadId == null ? [] : [stagedUploadId] },
    request,
  );
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
