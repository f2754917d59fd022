import { badUserInput } from "../../../kernel/errors.js";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./password.js";

/** The owner of the password. */
export interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

/**
 * The rule for every new password: long enough, and not the owner's name or e-mail address. Digits or special
 * characters are not required: such rules weaken passwords (NIST SP 800-63B §5.1.1.2).
 *
 * @param field name of the input field
 * @throws BAD_USER_INPUT that names the violation
 */
export function requireGoodPassword(password: string, owner: PasswordOwner, field = "password"): void {
  const { length } = password;
  if (length < MIN_PASSWORD_LENGTH || length > MAX_PASSWORD_LENGTH)
    throw badUserInput(
      `A password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters; this one has ${length}.`,
      {
        field,
        limit: length < MIN_PASSWORD_LENGTH ? MIN_PASSWORD_LENGTH : MAX_PASSWORD_LENGTH,
        actual: length,
      },
    );
  const known = [owner.email, owner.email.replace(/@.*$/, ""), owner.name].map(comparable);
  if (known.includes(comparable(password)))
    throw badUserInput("A password is not the person's own name or e-mail address.", { field });
}

const comparable = (text: string): string => text.normalize("NFKC").trim().toLowerCase();
