import type { SweepRules } from "../../src/modules/media/upkeep/sweep.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Rules by which a sweep removes whatever has no row, however young and however many. */
export const sweepRules = (rules: Partial<SweepRules> = {}): SweepRules => ({
  storedBefore: new Date(Date.now() + MINUTE),
  trashedBefore: new Date(Date.now() - 7 * DAY),
  mostFiles: Number.MAX_SAFE_INTEGER,
  mostPercent: 100,
  ...rules,
});
