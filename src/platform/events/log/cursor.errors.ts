import { badUserInput, FiledeskError } from "../../../kernel/errors.js";

export const notACursor = (after: string) =>
  badUserInput(
    `"${after.slice(0, 40)}" is no cursor. Give as \`after\` the cursor of the last event that you have, "0" for all from the beginning, or leave it out to begin now.`,
    { field: "after" },
  );

export const cursorBeyondLog = (after: number, newest: number) =>
  badUserInput(
    `The cursor ${after} lies beyond the newest event of this topic, ${newest}. Give as \`after\` the cursor of an event that you have had from this topic, or leave it out to begin now.`,
    { field: "after", newest: String(newest) },
  );

/** The events behind the cursor have been pruned. */
export const logIsGone = (after: number) =>
  new FiledeskError(
    "GONE",
    `The log does not reach back to the cursor ${after} any more. Read the list again, and follow without \`after\`.`,
    { field: "after" },
  );
