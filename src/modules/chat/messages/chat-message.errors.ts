import { badUserInput } from "../../../kernel/errors.js";

export const messageOfAnotherConversation = (field: string) =>
  badUserInput("There is no such message in this conversation.", { field });
