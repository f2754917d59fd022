/** A name of something, for people: one line without control characters, and not empty. */
export const NAME_FORM = /^(?=.*\S)\P{Cc}+$/u;
