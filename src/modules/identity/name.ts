/** The longest name of a person or a company. */
export const MAX_NAME_LENGTH = 200;
