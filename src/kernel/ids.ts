import { v7, validate } from "uuid";

/** A new UUIDv7 (RFC 9562 §5.7): unique everywhere, and ordered by the time of its making. */
export const newId = (): string => v7();

/** Whether a text has the form of a UUID, so that it may be given to the database as one. */
export const isId = (text: string): boolean => validate(text);

/** A UUID in the form in which it is stored and compared (lower case, RFC 9562 §4); any other text as it is. */
export const normalizeId = (text: string): string => (isId(text) ? text.toLowerCase() : text);
