import { once } from "node:events";
import type { Command } from "commander";
import { isErrno } from "../../kernel/errno.js";
import { ExitCode } from "./exit-code.js";
import { moment } from "./option-values.js";
import { runOnDesk } from "./run-command.js";

interface ExportOptions {
  readonly company?: string;
  readonly from?: Date;
  readonly to?: Date;
}

export function addAuditCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("audit")
    .description("the audit log: export")
    .command("export")
    .description("print entries of the audit log, one JSON object a line, from the oldest on")
    .option("--company <company>", "only entries of this company, given by its slug or id")
    .option("--from <moment>", "from this moment on, such as 2026-11-01 or 2026-11-01T08:00:00Z", moment)
    .option("--to <moment>", "before this moment", moment)
    .addHelpText(
      "after",
      `
Examples:
  filedesk audit export > audit.jsonl
  filedesk audit export --company acme --from 2026-11-01 --to 2026-12-01 | gzip > acme.jsonl.gz`,
    )
    .action(({ company, ...range }: ExportOptions) =>
      // A line of progress or of an error would not be an entry.
      runOnDesk({}, environment, async ({ services, database: { db } }, { output, signal }) => {
        const { companyIdOf } = await import("./company-option.js");
        const companyId = company === undefined ? undefined : await companyIdOf(db, company);
        let entries = 0;
        for await (const entry of services.audit.exportEntries({ companyId, ...range })) {
          signal.throwIfAborted();
          entries++;
          if (!(await printed(`${JSON.stringify(entry)}\n`))) return ExitCode.OK;
        }
        output.note(`${entries} ${entries === 1 ? "entry" : "entries"} exported.`);
        return ExitCode.OK;
      }),
    );
}

/**
 * Waits for whoever reads slowly: the log may be larger than the memory.
 *
 * @returns false if nobody reads any more, as after `| head`
 */
async function printed(line: string): Promise<boolean> {
  try {
    if (!process.stdout.write(line)) await once(process.stdout, "drain");
    return true;
  } catch (error) {
    if (isErrno(error, "EPIPE")) return false;
    throw error;
  }
}
