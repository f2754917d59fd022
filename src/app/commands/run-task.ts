import { formatBytes } from "../../kernel/bytes.js";
import type { Progress, RunOptions } from "../../kernel/run-options.js";
import type { CommandRun } from "./run-command.js";

/** Runs a task, shows its progress and prints its report. */
export async function runTask<Report extends object>(
  { output, signal }: CommandRun,
  { name, dryRun = false }: { readonly name: string; readonly dryRun?: boolean | undefined },
  task: (options: RunOptions) => Promise<Report>,
): Promise<Report> {
  const progress = output.progress(name);
  const onProgress = (reached: Progress) => progress.show(reached);
  const report = await task({ dryRun, signal, onProgress }).finally(progress.end);
  output.event("done", { task: name, dryRun, ...report });
  output.line(`${name}${dryRun ? " (dry run)" : ""}: ${inWords(report)}`);
  return report;
}

/** `{ removed: 3, removedBytes: 2048 }` → `3 removed, 2 KiB removed`; a count of one is printed in the singular. */
const inWords = (report: object): string =>
  Object.entries(report)
    .map(([name, value]) => {
      const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      if (/bytes$/i.test(name))
        return `${formatBytes(Number(value))} ${words.replace(/ ?bytes$/, "")}`.trim();
      return `${value} ${value === 1 ? words.replace(/ies$/, "y").replace(/s$/, "") : words}`;
    })
    .join(", ");
