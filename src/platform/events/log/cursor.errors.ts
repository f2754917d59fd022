import { badUserInput, FiledeskError } from "../../../kernel/errors.js";

export const notACursor = (after: string) =>
  badUserInput(
    `"${after.slice(0, 40)}" is not a cursor. Give as \`after\` the cursor of the last event that you have, "0" for all events, or leave it out for new events only.`,
    { field: "after" },
  );

export const cursorBeyondLog = (after: number, newest: number) =>
  badUserInput(
    `The cursor ${after} is beyond the newest event of this topic, ${newest}. Give as \`after\` the cursor of an event that you have received from this topic, or leave it out for new events only.`,
    { field: "after", newest: String(newest) },
  );

/** The events behind the cursor have been pruned. */
export const logIsGone = (after: number) =>
  new FiledeskError(
    "GONE",
    `The events after the cursor ${after} are no longer in the log. Read the list again, and subscribe without \`after\`.`,
    { field: "after" },
  );
