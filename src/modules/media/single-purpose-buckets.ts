import { badUserInput } from "../../kernel/errors.js";
import type { Bucket } from "./buckets.js";
import type { MediaFileView } from "./media-file.repository.js";

/** Buckets whose files show somebody, and serve for nothing else; and the mutation by which each is set. */
export const MUTATION_OF_PURPOSE: Partial<Record<Bucket, string>> = {
  AVATARS: "setAvatar",
  COMPANY_LOGOS: "setCompanyLogo",
};

/**
 * Whoever takes a file of the company into use asks this first. A picture that somebody chose for themselves is theirs to
 * take away: were it posted or used elsewhere, a colleague could keep it, and show it to others, for good.
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
