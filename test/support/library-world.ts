import type { UploadMediaInput, UploadMediaMutation } from "./generated/operations.js";
import { UploadMediaDocument } from "./generated/operations.js";
import type { SignedIn } from "./test-server.js";
import { textFile } from "./ticket-world.js";

export type LibraryFile = UploadMediaMutation["uploadMedia"];

/** Puts a file into a company's library; a new text file into ATTACHMENTS unless told otherwise. */
export async function uploadMedia(
  { client }: SignedIn,
  input: Partial<UploadMediaInput> & Pick<UploadMediaInput, "companyId">,
): Promise<LibraryFile> {
  const variables = { input: { bucket: "ATTACHMENTS" as const, file: textFile(), ...input } };
  return (await client.mutate({ mutation: UploadMediaDocument, variables })).data!.uploadMedia;
}

/** A file of bytes, as a browser gives it. */
export const fileOf = (name: string, bytes: Buffer | string): File =>
  new File([typeof bytes === "string" ? bytes : new Uint8Array(bytes)], name);
