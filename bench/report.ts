import { cpus } from "node:os";
import type { Figures, Outcome } from "./scenario.js";

const HEAD = [
  "",
  "requests/s",
  "p50 ms",
  "p99 ms",
  "server CPU ms/request",
  "Postgres CPU ms/request",
  "peak memory MiB",
];

/** On what machine and how it was measured. */
export function heading({ rounds, seconds }: { rounds: number; seconds: number }): string {
  const processors = cpus();
  const machine = `${processors.length} × ${processors[0]?.model.trim()}, Node ${process.versions.node}`;
  return `${machine}; medians of ${rounds} rounds of ${seconds} s for each server, in turns.`;
}

/** An outcome as Markdown. */
export const section = ({ title, mark, ratio, floor, filedesk }: Outcome): string =>
  [
    `**${title}**: ${ratio.toFixed(2)} of the floor (mark: ${mark.toFixed(2)}, ${ratio >= mark ? "reached" : "missed"})`,
    "",
    row(HEAD),
    row(HEAD.map((_, column) => (column === 0 ? "---" : "---:"))),
    row(cellsOf(`floor: ${floor.name}`, floor)),
    row(cellsOf(filedesk.name, filedesk)),
  ].join("\n");

const cellsOf = (name: string, figures: Figures): string[] => [
  name,
  figures.perSecond.toFixed(0),
  figures.p50.toFixed(1),
  figures.p99.toFixed(1),
  figures.serverCpu.toFixed(2),
  figures.postgresCpu.toFixed(2),
  figures.peakMiB.toFixed(0),
];

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
