import { dirname } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import type { ImportEvent, ImportSummary } from "../../modules/media/import/media-import.service.js";
import { checkReportPath } from "../../modules/media/import/report-path.js";
import { ExitCode } from "./exit-code.js";
import { formatTable } from "./format-table.js";
import { collected, wholeNumber } from "./option-values.js";
import type { Output } from "./output.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";

interface ImportOptions extends OutputOptions {
  readonly format?: "csv" | "jsonl";
  readonly base?: string;
  readonly as?: string;
  readonly concurrency: number;
  readonly allowHost?: readonly string[];
  readonly report?: string;
}

const HELP = `
A manifest is CSV with a header, or one JSON object a line. Its fields:
  source        a path below the base folder, or an http(s) URL
  bucket        ATTACHMENTS, PHOTOS, COMPANY_LOGOS, …
  company       a slug or an id
  resourceType  what uses the file, such as "course" ("company" for a logo, "user" for an avatar)
  resourceId    which one of them (of a user the e-mail address or the id)
  fieldName     which field of it, such as "banner" ("logo", "avatar")
  fileName      what to call the file (may be left out)
  uploader      e-mail address of who counts as its uploader (may be left out when --as is given)
  legacyPath    the address that the file had, which /legacy redirects (may be left out)

With the resourceType "ticket" or "reply" and an id, the file becomes an attachment (description, createdAt); with
"conversation", the entry becomes a message (key, sender, sentAt, body, files).

Every file is checked as an upload is. An import that was stopped or killed is run again with the same manifest: what
is there already is not imported twice, and what failed is tried again. Private networks are out of reach unless their
host is allowed by name.

Exit codes: 0 all is there; 2 some entries failed; 1 the import could not be run; 64 wrong usage; 130 stopped.

Examples:
  filedesk import files.csv --base /srv/old-desk/uploads --as admin@example.com --report failed.csv
  filedesk import urls.jsonl --allow-host files.internal --concurrency 16 --json`;

export function addImportCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("import")
    .description("import existing files by a manifest of paths and URLs")
    .argument("<manifest>", "CSV or JSON lines")
    .option("--base <folder>", "base folder of local sources (default: the manifest's folder)")
    .option("--as <email>", "who counts as the uploader of entries that name nobody")
    .option("--concurrency <number>", "how many entries are imported at once", wholeNumber(1, 64), 4)
    .option("--allow-host <name>", "a host that may lie in a private network; may be given again", collected)
    .option(
      "--report <file>",
      "write failures with their reasons, as CSV if the file name ends with .csv, else as JSON lines",
    )
    .addOption(
      new Option("--format <format>", "format of the manifest, if its name does not show it").choices([
        "csv",
        "jsonl",
      ]),
    )
    .option("--json", "one JSON object a line for everything that happens")
    .addHelpText("after", HELP)
    .action(async (manifest: string, options: ImportOptions, command: Command) => {
      if (options.report !== undefined)
        await checkReportPath(options.report, manifest).catch((error: Error) =>
          command.error(`error: ${error.message}`),
        );
      await runOnDesk(options, environment, async ({ services }, { output, signal }) => {
        const shown = createReporter(output, options.report === undefined);
        const summary = await services.mediaImports
          .importAll({
            manifest,
            format: options.format,
            baseFolder: options.base ?? dirname(manifest),
            as: options.as,
            atOnce: options.concurrency,
            allowedHosts: options.allowHost ?? [],
            report: options.report,
            signal,
            onEvent: shown.onEvent,
          })
          .finally(shown.end);
        printSummary(output, summary, options.report);
        return exitCodeOf(output, summary);
      });
    });
}

function exitCodeOf(
  output: Output,
  { entries, imported, known, failed, interrupted }: ImportSummary,
): ExitCode {
  if (interrupted) return ExitCode.INTERRUPTED;
  const seen = imported + known + failed;
  if (seen !== entries) {
    const message = `The manifest changed while it was read: it had ${entries} entries at first, and ${seen} when they were imported. Run the import again.`;
    output.event("error", { message });
    output.note(message);
    return ExitCode.FAILED;
  }
  return failed > 0 ? ExitCode.FINDINGS : ExitCode.OK;
}

/** Without a report file, this many failures are printed. */
const MAX_LISTED = 20;

function createReporter(output: Output, listFailures: boolean) {
  const progress = output.progress("Importing");
  const listed: string[] = [];
  let total = 0;
  let done = 0;
  const onEvent = ({ event, ...fields }: ImportEvent) => {
    output.event(event, fields);
    if ("entries" in fields) total = fields.entries;
    else done += 1;
    if ("message" in fields && listFailures && listed.length < MAX_LISTED)
      listed.push(`line ${fields.line}: ${fields.source}: ${fields.message} (${fields.code})`);
    progress.show({ done, total });
  };
  const end = () => {
    progress.end();
    for (const line of listed) output.note(line);
  };
  return { onEvent, end };
}

function printSummary(output: Output, summary: ImportSummary, report: string | undefined): void {
  output.event(summary.interrupted ? "interrupted" : "done", summary);
  const codes = Object.entries(summary.failedByCode).map(
    ([code, count]) => [`  ${code}`, `${count}`] as const,
  );
  const rows = [
    ["entries", `${summary.entries}`],
    ["imported", `${summary.imported}`],
    ["already there", `${summary.known}`],
    ["failed", `${summary.failed}`],
    ...codes,
  ] as const;
  for (const line of formatTable(rows, "")) output.line(line);
  if (summary.failed > 0 && report) output.note(`Failures and their reasons are in ${report}.`);
  else if (summary.failed > MAX_LISTED)
    output.note(`All ${summary.failed} failures are written with --report <file>.`);
  if (summary.interrupted) output.note("The import was stopped. Run it again to go on.");
}
