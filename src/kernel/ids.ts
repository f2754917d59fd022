import { v7, validate } from "uuid";

/** A new UUIDv7 (RFC 9562 §5.7): globally unique and ordered by creation time. */
export const newId = (): string => v7();

/** Whether a text is a valid UUID, so that the database accepts it. */
export const isId = (text: string): boolean => validate(text);

/** A UUID in lower case, in which it is stored and compared (RFC 9562 §4); any other text unchanged. */
export const normalizeId = (text: string): string => (isId(text) ? text.toLowerCase() : text);
