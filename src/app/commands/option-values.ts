import { InvalidArgumentError } from "commander";

/** Returns a parser for an option that is a whole number in a range. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };

/** Collects the values of an option that may be given several times. */
export const collected = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Parses an option that is a moment: a date, which begins at midnight UTC, or an RFC 3339 text. */
export function moment(text: string): Date {
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i.test(text);
  if (!isMoment || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("It must be a moment such as 2026-11-01 or 2026-11-01T08:00:00Z.");
  return new Date(text);
}
