import { InvalidArgumentError } from "commander";

/** @returns a reader of an option's value that is a whole number between two others */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    return value;
  };

/** For options that may be given several times. */
export const collected = (value: string, before: readonly string[] = []): string[] => [...before, value];
