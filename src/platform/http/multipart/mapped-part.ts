import type { Readable } from "node:stream";
import { badUserInput } from "../../../kernel/errors.js";
import type { TempFile } from "../../storage/temp-file.js";
import type { IncomingFile } from "./incoming-files.js";
import { quoted } from "./multipart-map.js";
import { nameOfPart } from "./part-file-name.js";

/** The headers of a part. */
export interface PartInfo {
  readonly filename: string | undefined;
  /** Whether it was sent as `filename*` (RFC 8187) and is decoded already. */
  readonly isExtended: boolean;
  readonly encoding: string;
}

/** A pending request for a file. */
export interface Waiter {
  resolve(file: IncomingFile): void;
  reject(error: Error): void;
}

/** A part that `map` assigns to variables of the operation. */
export interface MappedPart {
  readonly name: string;
  /** How many variables it is assigned to. */
  uses: number;
  fileName: string;
  hasStarted: boolean;
  isHandedOver: boolean;
  /** The temp file with its complete content. */
  temp: TempFile | null;
  readonly waiting: Set<Waiter>;
}

export const mappedPart = (name: string): MappedPart => ({
  name,
  uses: 0,
  fileName: "",
  hasStarted: false,
  isHandedOver: false,
  temp: null,
  waiting: new Set(),
});

/** Applies the headers of a part. @throws BAD_USER_INPUT if it is sent twice, encoded, or has an invalid file name */
export function startPart(part: MappedPart, { filename, isExtended, encoding }: PartInfo): void {
  if (part.hasStarted) throw badUserInput(`The part ${quoted(part.name)} is sent twice.`);
  if (!/^(7bit|8bit|binary)$/.test(encoding))
    throw badUserInput(
      `The part ${quoted(part.name)} has a \`Content-Transfer-Encoding\`: send the file's own bytes.`,
    );
  if (filename && /\p{Cc}/u.test(filename))
    throw badUserInput(`The part ${quoted(part.name)} has control characters in its file name.`);
  part.hasStarted = true;
  part.fileName = filename === undefined || isExtended ? (filename ?? "") : nameOfPart(filename);
}

/** The file of a part, whose bytes can be opened once. */
export function fileOf(fileName: string, bytes: () => Readable): IncomingFile {
  let isOpen = false;
  return {
    fileName,
    open() {
      if (isOpen) throw new Error("this file has been opened already");
      isOpen = true;
      const stream = bytes();
      if (stream.errored) throw stream.errored;
      return stream;
    },
  };
}

export const alreadyUsed = ({ name, fileName }: MappedPart) =>
  badUserInput(
    `The file ${quoted(fileName || name)} is used twice in this request: give its part a path for each use in \`map\`, or send it for each use.`,
  );

export const missing = ({ name }: MappedPart) =>
  badUserInput(`The part ${quoted(name)} is named in \`map\`, but was not sent.`);
