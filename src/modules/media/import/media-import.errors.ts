/** Why an entry of a manifest was not imported, besides what any upload may be refused for. */
export type ImportFaultCode =
  | "BAD_ENTRY"
  | "SOURCE_NOT_FOUND"
  | "SOURCE_REFUSED"
  | "SOURCE_UNREACHABLE"
  | "SOURCE_BAD_ANSWER";

/** A failure of one entry, for the report. */
export class ImportFault extends Error {
  override readonly name = "ImportFault";
  constructor(
    readonly code: ImportFaultCode,
    message: string,
    /** Whether it may go well in a moment. */
    readonly isPassing = false,
  ) {
    super(message);
  }
}

export const badEntry = (message: string) => new ImportFault("BAD_ENTRY", message);

export const sourceNotFound = (message: string) => new ImportFault("SOURCE_NOT_FOUND", message);

/** The source lies where an import does not reach. */
export const sourceRefused = (message: string) => new ImportFault("SOURCE_REFUSED", message);

/** It may be there in a moment. */
export const sourceUnreachable = (message: string) => new ImportFault("SOURCE_UNREACHABLE", message, true);

export const badAnswer = (message: string) => new ImportFault("SOURCE_BAD_ANSWER", message);
