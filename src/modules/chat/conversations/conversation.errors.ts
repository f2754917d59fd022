import { badUserInput, conflict } from "../../../kernel/errors.js";
import { MAX_PARTICIPANTS } from "./conversation-participant.repository.js";

export const conversationClosed = () =>
  conflict("This conversation is closed: it can be read, and takes no more messages.", { isClosed: true });

export const ticketOfAnotherCompany = () =>
  badUserInput("The ticket is none of this company's that you may see.", { field: "ticketId" });

export const tooManyParticipants = () =>
  badUserInput(`A conversation takes ${MAX_PARTICIPANTS} participants, who starts it among them.`, {
    limit: MAX_PARTICIPANTS,
  });

export const notOfCompany = (field: string, ids: readonly string[]) =>
  badUserInput(`Participants are people of the conversation's company; these are not: ${ids.join(", ")}.`, {
    field,
    ids,
  });
