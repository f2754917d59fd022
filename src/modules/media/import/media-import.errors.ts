/** Reasons for which an entry is not imported, besides those for which any upload is refused. */
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
    /** Whether it is temporary. */
    readonly isPassing = false,
  ) {
    super(message);
  }
}

export const badEntry = (message: string) => new ImportFault("BAD_ENTRY", message);

export const sourceNotFound = (message: string) => new ImportFault("SOURCE_NOT_FOUND", message);

/** The source is outside of what an import may read. */
export const sourceRefused = (message: string) => new ImportFault("SOURCE_REFUSED", message);

/** The source has no public address, and is not allowed by name. */
export const hostRefused = (host: string) =>
  sourceRefused(
    `${host} is in a private or reserved network, where an import does not reach. Allow it by name with --allow-host ${host} if it is meant.`,
  );

/** Temporary. */
export const sourceUnreachable = (message: string) => new ImportFault("SOURCE_UNREACHABLE", message, true);

export const badAnswer = (message: string) => new ImportFault("SOURCE_BAD_ANSWER", message);
