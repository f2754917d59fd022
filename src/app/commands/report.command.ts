import type { Command } from "commander";
import { formatBytes } from "../../kernel/bytes.js";
import type { UserViewer } from "../../modules/identity/viewer.js";
import type { StorageReportView } from "../../modules/media/library/storage-report.service.js";
import type { Database } from "../../platform/database/client.js";
import { ExitCode } from "./exit-code.js";
import { formatTable } from "./format-table.js";
import type { Output } from "./output.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";

/** A viewer with all read permissions, for the operator of the machine. It is not a person and changes nothing. */
const OPERATOR: UserViewer = {
  kind: "user",
  id: "00000000-0000-0000-0000-000000000000",
  email: "",
  name: "Operator",
  isAdmin: true,
  roles: new Map(),
};

export function addReportCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("report")
    .description("print how much space each company's files use, and how much could be freed")
    .argument("[companies...]", "slugs or ids; by default all companies")
    .option("--json", "one JSON object a line for each company")
    .action((names: string[], options: OutputOptions) =>
      runOnDesk(options, environment, async ({ services, database: { db } }, { output, signal }) => {
        const { listCompaniesById, listCompanyIds } = await import(
          "../../modules/identity/companies/company.repository.js"
        );
        const { companyIdOf } = await import("./company-option.js");
        const ids =
          names.length === 0
            ? await listCompanyIds(db)
            : await Promise.all(names.map((name) => companyIdOf(db, name)));
        const companies = (await listCompaniesById(db, ids)).sort((a, b) => (a.slug < b.slug ? -1 : 1));
        for (const { id, slug, name } of companies) {
          signal.throwIfAborted();
          const report = await services.storageReports.storageReport(OPERATOR, id);
          output.event("company", { id, slug, name, ...report });
          if (!output.isJson) await show(output, db, `${name} (${slug})`, report);
        }
        output.event("done", { companies: companies.length });
        return ExitCode.OK;
      }),
    );
}

interface Count {
  readonly files: number;
  readonly bytes: number;
}

const inWords = ({ files, bytes }: Count) => `${files} file${files === 1 ? "" : "s"}, ${formatBytes(bytes)}`;

async function show(output: Output, db: Database, title: string, report: StorageReportView): Promise<void> {
  const { listPeople } = await import("../../modules/identity/users/user.repository.js");
  const people = await listPeople(
    db,
    report.byUploader.flatMap(({ uploaderId }) => uploaderId ?? []),
  );
  const emailOf = new Map(people.map(({ id, email }) => [id, email]));
  output.line(`${title}: ${inWords(report)}`);
  const rows: (readonly [string, string])[] = [
    ["stored", formatBytes(report.storedBytes)],
    ...(report.limitBytes === null
      ? []
      : [
          ["limit", `${formatBytes(report.limitBytes)}, ${formatBytes(report.leftBytes ?? 0)} left`] as const,
        ]),
    ["variants", formatBytes(report.variantBytes)],
    ["saved by deduplication", formatBytes(report.savedBytes)],
    ["earlier versions", inWords(report.versions)],
    ["orphans", inWords(report.orphans)],
    ["deleted, waiting for purge", inWords(report.deleted)],
    ...report.byBucket.map((count) => [`bucket ${count.bucket}`, inWords(count)] as const),
    ...report.byType.map((count) => [`type ${count.mimeType}`, inWords(count)] as const),
    ...report.byUploader.map(
      (count) =>
        [
          `by ${count.uploaderId ? emailOf.get(count.uploaderId) : "guests and API keys"}`,
          inWords(count),
        ] as const,
    ),
    ...report.byMonth.map((count) => [`in ${count.month.slice(0, 7)}`, inWords(count)] as const),
  ];
  for (const line of formatTable(rows)) output.line(line);
  output.line("");
}
