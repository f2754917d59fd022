import { ValidateBy } from "class-validator";
import { composed, hasLength, isLine, isPlainLine, singleLine } from "../../kernel/text.js";

/** How a text of an input is normalized and validated. */
export interface TextRule {
  read(given: string): string;
  isGood(text: string): boolean;
  /** The error message after the field name, such as "must be one line". */
  readonly message: string;
}

/**
 * Replaces a text of an input by its normalized form, then validates it. All texts that people write are declared with
 * this decorator or one of those below, so that they are stored, compared and searched in the same form.
 */
export const ReadText = ({ read, isGood, message }: TextRule): PropertyDecorator =>
  ValidateBy({
    name: "readText",
    validator: {
      validate(given: unknown, target) {
        if (typeof given !== "string") return false;
        const text = read(given);
        if (target) (target.object as Record<string, unknown>)[target.property] = text;
        return isGood(text);
      },
      defaultMessage: () => `$property ${message}`,
    },
  });

const range = (least: number, most: number): string =>
  least === 0
    ? `${most.toLocaleString("en")} characters at most`
    : `${least} to ${most.toLocaleString("en")} characters`;

const oneLine = (most: number) =>
  `one line of ${range(1, most)}, with a visible character and without control characters`;

/** A single line with a visible character. */
export const Line = (most: number): PropertyDecorator =>
  ReadText({ read: singleLine, isGood: (line) => isLine(line, most), message: `must be ${oneLine(most)}` });

/** Like `Line`, but may be blank, which becomes an empty text. */
export const OptionalLine = (most: number): PropertyDecorator =>
  ReadText({
    read: singleLine,
    isGood: (line) => line === "" || isLine(line, most),
    message: `must be blank, or ${oneLine(most)}`,
  });

const MAX_SEARCH_LENGTH = 200;

/** A search term: a single line. */
export const SearchText = (): PropertyDecorator =>
  ReadText({
    read: singleLine,
    isGood: (line) => hasLength(line, 0, MAX_SEARCH_LENGTH) && isPlainLine(line),
    message: `must be one line of ${range(0, MAX_SEARCH_LENGTH)}, without control characters`,
  });

/** A text of any number of lines. Its white space is kept. */
export const Prose = (most: number, least = 0): PropertyDecorator =>
  ReadText({
    read: composed,
    isGood: (text) => hasLength(text, least, most),
    message: `must have ${range(least, most)}`,
  });
