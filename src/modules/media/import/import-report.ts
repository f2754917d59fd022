import type { FileHandle } from "node:fs/promises";
import { open, rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import { checkReportPath, unwritable } from "./report-path.js";

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
 * Opens a new report of failures: each run retries what failed before, so the report of the last run is complete. It is
 * CSV if its name ends in .csv, else JSON lines; each failure is written at once.
 *
 * @throws BAD_USER_INPUT if it is the manifest, or cannot be written
 */
export async function openReport(path: string, manifest: string): Promise<ImportReport> {
  const isCsv = extname(path).toLowerCase() === ".csv";
  const target = await checkReportPath(path, manifest);
  const file = await openInstead(target, isCsv ? HEADER : "").catch((error) => {
    throw unwritable(path, error);
  });
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

/** A new file replaces an existing one: nothing is ever written into an existing file. */
async function openInstead(target: string, begin: string): Promise<FileHandle> {
  const path = `${target}.${process.pid}.part`;
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(begin);
    await rename(path, target);
    return file;
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
}

const writeWhole = (file: FileHandle, text: string) => file.appendFile(text);

const csvLine = ({ line, source, code, message }: FailedEntry): string =>
  `${[String(line), source, code, message].map(csvField).join(",")}\n`;

/** RFC 4180, and nothing that a spreadsheet would evaluate as a formula. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
