import { badUserInput } from "../../kernel/errors.js";
import type { Bucket } from "./buckets.js";
import type { MediaFileView } from "./media-file.repository.js";

/** Buckets whose files serve a single purpose, and the mutation that sets each. */
export const MUTATION_OF_PURPOSE: Partial<Record<Bucket, string>> = {
  AVATARS: "setAvatar",
  COMPANY_LOGOS: "setCompanyLogo",
};

/**
 * Refuses to use a file of a single-purpose bucket elsewhere. A person may remove their own picture at any time: if it
 * could be posted or used elsewhere, a colleague could keep it for good.
 *
 * @throws BAD_USER_INPUT
 */
export function refuseSinglePurpose({ bucket }: Pick<MediaFileView, "bucket">, field: string): void {
  const mutation = MUTATION_OF_PURPOSE[bucket];
  if (mutation)
    throw badUserInput(
      `A file of ${bucket} serves for what ${mutation} sets, and for nothing else. Upload the picture as a file of its own.`,
      { field, bucket },
    );
}
