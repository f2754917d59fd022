import { access, constants, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { badUserInput } from "../../../kernel/errors.js";

/**
 * The path of a report: a link is resolved to its target.
 *
 * @throws BAD_USER_INPUT if it is the manifest, is not a file, or cannot be written
 */
export async function checkReportPath(report: string, manifest: string): Promise<string> {
  const [there, source] = await Promise.all([report, manifest].map((path) => stat(path).catch(() => null)));
  if (there && source && there.dev === source.dev && there.ino === source.ino)
    throw badUserInput(
      `The report ${report} is the manifest itself, which it would overwrite. Give it another name.`,
    );
  if (there && !there.isFile())
    throw badUserInput(`The report cannot be written to ${report}, which is no file. Name a file.`);
  try {
    const target = there ? await realpath(report) : report;
    // With a slash at the end, a path that is not a folder fails.
    await access(`${dirname(target)}/`, constants.W_OK | constants.X_OK);
    if (there) await access(target, constants.W_OK);
    return target;
  } catch (error) {
    throw unwritable(report, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder is none",
  EACCES: "this account may not write there",
  EPERM: "this account may not write there",
  EROFS: "nothing can be written there",
  ENOSPC: "the disk is full",
};

export function unwritable(report: string, error: unknown) {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return badUserInput(
    `The report ${report} cannot be written: ${REASONS[code] ?? message}. Nothing has been imported.`,
  );
}
