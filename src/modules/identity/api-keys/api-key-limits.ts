import type { Viewer } from "../viewer.js";

/** A limit of a person, as it is for this viewer. */
export type LimitFor = (viewer: Pick<Viewer, "kind">, limit: number) => number;

/**
 * The limits of an API key are those of a person, times a factor: many visitors use the URLs that a backend hands out.
 * They are counted by the key, and never use up what a person has.
 */
export const timesForApiKeys =
  (factor: number): LimitFor =>
  ({ kind }, limit) =>
    kind === "api-key" ? limit * factor : limit;
