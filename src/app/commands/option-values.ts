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
