import { ReadText } from "../../../platform/graphql/text-rules.js";
import { isEmail, normalizeEmail } from "./email.js";

/** An e-mail address, normalized before it is validated. */
export const EmailAddress = (): PropertyDecorator =>
  ReadText({ read: normalizeEmail, isGood: isEmail, message: "must be an e-mail address" });
