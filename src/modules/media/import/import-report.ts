import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { extname } from "node:path";

/** An entry that was not imported, and why. */
export interface FailedEntry {
  /** In the manifest, counted from 1. */
  readonly line: number;
  readonly source: string;
  readonly code: string;
  readonly message: string;
}

export interface ImportReport {
  add(failure: FailedEntry): Promise<void>;
  close(): Promise<void>;
}

const HEADER = "line,source,code,message\n";

/**
 * Opens the file that says what failed and why, anew: each run tries again what failed before, so the report of the
 * last run is whole. It is CSV when its name says so, else JSON lines; each failure is written at once, and whole.
 */
export async function openReport(path: string): Promise<ImportReport> {
  const isCsv = extname(path).toLowerCase() === ".csv";
  const file = await open(path, "w", 0o600);
  if (isCsv) await file.writeFile(HEADER);
  let writing: Promise<unknown> = Promise.resolve();
  return {
    add(failure) {
      const text = isCsv ? csvLine(failure) : `${JSON.stringify(failure)}\n`;
      const written = writing.then(() => writeWhole(file, text));
      writing = written.catch(() => {});
      return written;
    },
    async close() {
      await writing;
      await file.sync();
      await file.close();
    },
  };
}

const writeWhole = (file: FileHandle, text: string) => file.appendFile(text);

const csvLine = ({ line, source, code, message }: FailedEntry): string =>
  `${[String(line), source, code, message].map(csvField).join(",")}\n`;

/** RFC 4180; and nothing that a spreadsheet would take for a formula. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
