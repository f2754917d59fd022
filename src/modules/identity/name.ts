/**
 * A name of something, for people: one line with something visible in it. Without control characters, lone surrogates
 * and the marks that turn the direction of what follows, by which a name would read as another.
 */
export const NAME_FORM =
  /^(?=.*[^\s\p{DI}\p{M}\u2800])[^\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]+$/u;

/** As `NAME_FORM`, for what may be left blank. */
export const LABEL_FORM = new RegExp(`^ *$|${NAME_FORM.source}`, "u");

/** What is said of a name that has not that form. */
export const NAME_RULE = {
  message: "$property must be one line with something visible in it, without marks that turn its direction",
};
